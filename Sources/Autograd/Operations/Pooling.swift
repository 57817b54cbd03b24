import TensorCore

/// The window of a pooling, apart from the image's size.
public struct PoolingWindow: Hashable, Sendable, Codable {
    /// Extents of the window in taps, (vertical, horizontal).
    public let height, width: Int
    /// Distance between windows in pixels.
    public let strideHeight, strideWidth: Int
    /// Pixels added on each side, fewer than the window spans.
    public let padding: Padding2D
    /// Distance between taps in pixels.
    public let dilationHeight, dilationWidth: Int
    /// Whether a last window counts that reaches beyond the padded image.
    public let ceilMode: Bool

    /// A window; whether it fits is known with the image.
    ///
    /// - Parameters:
    ///   - size: (height, width).
    ///   - stride: (vertical, horizontal).
    public init(
        size: (Int, Int), stride: (Int, Int), padding: Padding2D = Padding2D(0, 0), dilation: (Int, Int) = (1, 1),
        ceilMode: Bool = false
    ) {
        (height, width) = size
        (strideHeight, strideWidth) = stride
        self.padding = padding
        (dilationHeight, dilationWidth) = dilation
        self.ceilMode = ceilMode
    }

    /// That of a geometry.
    public init(_ geometry: Pool2DGeometry) {
        self.init(
            size: (geometry.windowHeight, geometry.windowWidth), stride: (geometry.strideHeight, geometry.strideWidth),
            padding: geometry.padding, dilation: (geometry.dilationHeight, geometry.dilationWidth),
            ceilMode: geometry.ceilMode)
    }

    private enum Key: String, CodingKey { case window, stride, pad, dilation, ceil }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            size: try fields.pair(.window, otherwise: 0), stride: try fields.pair(.stride, otherwise: 0),
            padding: try fields.padding(.pad), dilation: try fields.pair(.dilation, otherwise: 1),
            ceilMode: try fields.decodeIfPresent(Bool.self, forKey: .ceil) ?? false)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode([height, width], forKey: .window)
        try fields.encode([strideHeight, strideWidth], forKey: .stride)
        try fields.encode(padding, forKey: .pad)
        try fields.encodePair(dilationHeight, dilationWidth, forKey: .dilation, unless: 1)
        if ceilMode { try fields.encode(true, forKey: .ceil) }
    }

    /// The geometry for images [N, H, W, C].
    ///
    /// - Throws: ``OperationError`` for a window that does not fit.
    public func geometry(
        for input: Shape, countsPadding: Bool = true
    ) throws(OperationError) -> Pool2DGeometry {
        let sizes = [height, width, strideHeight, strideWidth, dilationHeight, dilationWidth]
        guard sizes.allSatisfy({ $0 > 0 && $0 <= 1 << 20 }), input.rank == 4,
            input.allSatisfy({ $0 > 0 && $0 <= 1 << 40 }),
            fits(padding.top, padding.bottom, height, dilationHeight, stride: strideHeight, extent: input[1]),
            fits(padding.left, padding.right, width, dilationWidth, stride: strideWidth, extent: input[2]),
            // Sums of so many pixels of 8 bits fit 32.
            height * width <= 1 << 22
        else {
            throw OperationError(
                found:
                    "window (\(height), \(width)), stride (\(strideHeight), \(strideWidth)), padding \(padding), "
                    + "dilation (\(dilationHeight), \(dilationWidth)) for an input of \(input)",
                expected: "a window within the input",
                advice: input.rank == 4 && (input[1] < height || input[2] < width)
                    ? "the network takes larger images" : nil)
        }
        return Pool2DGeometry(
            input: (input[1], input[2], input[3]), window: (height, width), stride: (strideHeight, strideWidth),
            padding: padding, dilation: (dilationHeight, dilationWidth), ceilMode: ceilMode,
            countsPadding: countsPadding)
    }

    /// Whether there are windows along an axis, each with a tap in the image.
    private func fits(_ before: Int, _ after: Int, _ taps: Int, _ dilation: Int, stride: Int, extent: Int) -> Bool {
        let span = (taps - 1) * dilation + 1
        guard (0..<span).contains(before), (0..<span).contains(after) else { return false }
        let axis = Pool2DGeometry.Axis(extent, taps, stride, before, after, dilation, ceilMode)
        return axis.outputs > 0 && !axis.hasEmptyWindow
    }

    /// Pixels of all windows of an input, so many of which are compared or summed; 0 for one that does not fit.
    func work(of input: Shape) -> Double {
        guard let output = try? geometry(for: input).outputShape(batch: input[0]) else { return 0 }
        return Double(height * width) * Double(output.elementCount)
    }

    /// The geometry for images that are known to fit.
    package func fitted(to input: Shape, countsPadding: Bool = true) -> Pool2DGeometry {
        do { return try geometry(for: input, countsPadding: countsPadding) } catch { fatalError("pooling: \(error)") }
    }
}

extension KeyedDecodingContainer {
    /// Two sizes, [vertical, horizontal], neither negative.
    func pair(_ key: Key, otherwise usual: Int) throws -> (Int, Int) {
        guard let values = try decodeIfPresent([Int].self, forKey: key) else { return (usual, usual) }
        guard values.count == 2, values.allSatisfy({ $0 >= 0 && $0 <= 1 << 20 }) else {
            throw OperationError(found: "\(values)", expected: "two sizes")
        }
        return (values[0], values[1])
    }

    /// [vertical, horizontal], or [top, left, bottom, right]; none where it is missing.
    func padding(_ key: Key) throws -> Padding2D {
        guard let sides = try decodeIfPresent([Int].self, forKey: key) else { return Padding2D(0, 0) }
        guard sides.count == 2 || sides.count == 4, sides.allSatisfy({ $0 >= 0 && $0 <= 1 << 20 }) else {
            throw OperationError(found: "\(sides)", expected: "two sizes or four")
        }
        return sides.count == 2
            ? Padding2D(sides[0], sides[1])
            : Padding2D(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
    }
}

extension KeyedEncodingContainer {
    /// Two sizes, left out where both have the usual value.
    mutating func encodePair(_ vertical: Int, _ horizontal: Int, forKey key: Key, unless usual: Int) throws {
        guard vertical != usual || horizontal != usual else { return }
        try encode([vertical, horizontal], forKey: key)
    }
    /// Left out where there is none; as two sizes where opposite sides are equal.
    mutating func encode(_ padding: Padding2D, forKey key: Key) throws {
        guard !padding.isZero else { return }
        try encode(padding.isSymmetric ? [padding.top, padding.left] : padding.sides, forKey: key)
    }
}
