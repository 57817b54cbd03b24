import TensorCore

/// The maximum of each window; its gradient goes to the pixel that was the maximum.
public struct MaxPool2DOperation: GraphOperation {
    public static let name = "maxPool2D"

    /// The window.
    public let window: PoolingWindow

    public init(_ window: PoolingWindow) { self.window = window }

    public init(from decoder: any Decoder) throws { window = try PoolingWindow(from: decoder) }

    public func encode(to encoder: any Encoder) throws { try window.encode(to: encoder) }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        return try window.geometry(for: operands[0]).outputShape(batch: operands[0][0])
    }

    public func work(of operands: [Shape]) -> Double { window.work(of: operands[0]) }

    public func forward(_ operands: [Tensor]) -> Tensor {
        maxPool2D(operands[0], window.fitted(to: operands[0].shape)).output
    }

    public func record(_ operands: [Variable]) -> Variable {
        let geometry = window.fitted(to: operands[0].shape)
        let (output, argmax) = maxPool2D(operands[0].value, geometry)
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            maxPool2DGradient($0, argmax, geometry)
        }
    }
}

extension Variable {
    /// The maximum of each window.
    ///
    /// - Returns: [N, H', W', C]; self has shape [N, H, W, C].
    public func maxPooled(_ geometry: Pool2DGeometry) -> Variable {
        requireImages(of: geometry, for: "maxPooled")
        return MaxPool2DOperation(PoolingWindow(geometry)).record([self])
    }

    /// Stops the program unless images have the extents of a geometry.
    func requireImages(of geometry: Pool2DGeometry, for operation: String) {
        let expected = geometry.inputShape(batch: shape.first ?? 0)
        require(shape == expected, "\(operation): input has shape \(shape), \(expected) expected by its geometry")
    }
}
