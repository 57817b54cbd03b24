import TensorCore

/// The mean of each window; its gradient is spread evenly.
public struct AveragePool2DOperation: GraphOperation {
    public static let name = "averagePool2D"

    /// The window.
    public let window: PoolingWindow
    /// Whether padding counts as zeros; otherwise the mean is over pixels of the image.
    public let countsPadding: Bool

    public init(_ window: PoolingWindow, countsPadding: Bool = true) {
        self.window = window
        self.countsPadding = countsPadding
    }

    private enum Key: String, CodingKey { case countsPadding }

    public init(from decoder: any Decoder) throws {
        window = try PoolingWindow(from: decoder)
        countsPadding =
            try decoder.container(keyedBy: Key.self).decodeIfPresent(Bool.self, forKey: .countsPadding) ?? true
    }

    public func encode(to encoder: any Encoder) throws {
        try window.encode(to: encoder)
        var fields = encoder.container(keyedBy: Key.self)
        if !countsPadding { try fields.encode(false, forKey: .countsPadding) }
    }

    /// The geometry for images [N, H, W, C].
    ///
    /// - Throws: ``OperationError`` for a window that does not fit.
    public func geometry(for input: Shape) throws(OperationError) -> Pool2DGeometry {
        try window.geometry(for: input, countsPadding: countsPadding)
    }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        return try geometry(for: operands[0]).outputShape(batch: operands[0][0])
    }

    public func work(of operands: [Shape]) -> Double { window.work(of: operands[0]) }

    public func forward(_ operands: [Tensor]) -> Tensor {
        averagePool2D(operands[0], window.fitted(to: operands[0].shape, countsPadding: countsPadding))
    }

    public func record(_ operands: [Variable]) -> Variable {
        let geometry = window.fitted(to: operands[0].shape, countsPadding: countsPadding)
        return operands[0].tape.record(
            AnyOperation(self), averagePool2D(operands[0].value, geometry), from: operands[0]
        ) { averagePool2DGradient($0, geometry) }
    }
}

extension Variable {
    /// The mean of each window.
    ///
    /// - Returns: [N, H', W', C]; self has shape [N, H, W, C].
    public func averagePooled(_ geometry: Pool2DGeometry) -> Variable {
        requireImages(of: geometry, for: "averagePooled")
        return AveragePool2DOperation(PoolingWindow(geometry), countsPadding: geometry.countsPadding).record([self])
    }
}
