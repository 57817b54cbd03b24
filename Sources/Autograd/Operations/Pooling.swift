import TensorCore

/// The window of a pooling, apart from the image's size.
public struct PoolingWindow: Hashable, Sendable, Codable {
    /// Extents of the window, (vertical, horizontal).
    public let height, width: Int
    /// Distance between windows in pixels.
    public let strideHeight, strideWidth: Int
    /// Pixels added on each of two sides, fewer than the window has.
    public let paddingHeight, paddingWidth: Int

    /// A window of some extents, (vertical, horizontal) each.
    public init(window: (Int, Int), stride: (Int, Int), padding: (Int, Int) = (0, 0)) {
        (height, width) = window
        (strideHeight, strideWidth) = stride
        (paddingHeight, paddingWidth) = padding
    }

    /// That of a geometry.
    public init(_ geometry: Pool2DGeometry) {
        (height, width) = (geometry.windowHeight, geometry.windowWidth)
        (strideHeight, strideWidth) = (geometry.strideHeight, geometry.strideWidth)
        (paddingHeight, paddingWidth) = (geometry.paddingHeight, geometry.paddingWidth)
    }

    private enum Key: String, CodingKey { case window, stride, pad }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        (height, width) = try fields.pair(.window, otherwise: 0)
        (strideHeight, strideWidth) = try fields.pair(.stride, otherwise: 0)
        (paddingHeight, paddingWidth) = try fields.pair(.pad, otherwise: 0)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode([height, width], forKey: .window)
        try fields.encode([strideHeight, strideWidth], forKey: .stride)
        try fields.encodePair(paddingHeight, paddingWidth, forKey: .pad, unless: 0)
    }

    /// The geometry for images [N, H, W, C].
    ///
    /// - Throws: ``OperationError`` for a window that does not fit.
    public func geometry(
        for input: Shape, countsPadding: Bool = true
    ) throws(OperationError) -> Pool2DGeometry {
        let sizes = [height, width, strideHeight, strideWidth]
        guard sizes.allSatisfy({ $0 > 0 && $0 <= 1 << 20 }), (0..<height).contains(paddingHeight),
            (0..<width).contains(paddingWidth), input.rank == 4, input.allSatisfy({ $0 > 0 }),
            input[1] + 2 * paddingHeight >= height, input[2] + 2 * paddingWidth >= width,
            // Sums of so many pixels of 8 bits fit 32.
            height * width <= 1 << 22
        else {
            throw OperationError(
                found:
                    "window (\(height), \(width)), stride (\(strideHeight), \(strideWidth)) for an input of \(input)",
                expected: "a pooling that fits")
        }
        return Pool2DGeometry(
            input: (input[1], input[2], input[3]), window: (height, width), stride: (strideHeight, strideWidth),
            padding: (paddingHeight, paddingWidth), countsPadding: countsPadding)
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
}

extension KeyedEncodingContainer {
    /// Two sizes, left out where both have the usual value.
    mutating func encodePair(_ vertical: Int, _ horizontal: Int, forKey key: Key, unless usual: Int) throws {
        guard vertical != usual || horizontal != usual else { return }
        try encode([vertical, horizontal], forKey: key)
    }
}
