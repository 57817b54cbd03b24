import TensorCore

/// slope · x + offset brought into 0 ... 1, element by element; the gradient passes strictly between.
public struct HardSigmoidOperation: VectorizedOperation {
    public static let name = "hardSigmoid"

    /// The factor and the addend, finite numbers: PyTorch's are 1/6 and 0.5, those of ONNX 0.2 and 0.5 unless given.
    public let slope, offset: Float

    public init(slope: Float = 1 / 6, offset: Float = 0.5) { (self.slope, self.offset) = (slope, offset) }

    public var function: VectorFunction { .hardSigmoid(slope: slope, offset: offset) }

    public var numbers: [Float] { [slope, offset] }
}

extension Variable {
    /// slope · x + offset brought into 0 ... 1, element by element; the gradient passes strictly between.
    public func hardSigmoid(slope: Float = 1 / 6, offset: Float = 0.5) -> Variable {
        applying(HardSigmoidOperation(slope: slope, offset: offset))
    }
}
