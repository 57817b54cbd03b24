import TensorCore

/// x for positive numbers, slope · x for others.
public struct LeakyReLUOperation: VectorizedOperation {
    public static let name = "leakyReLU"

    /// The derivative at 0 and below, a finite number.
    public let slope: Float

    public init(slope: Float = 0.01) { self.slope = slope }

    public var function: VectorFunction { .leakyReLU(slope: slope) }

    public var numbers: [Float] { [slope] }
}

extension Variable {
    /// x for positive numbers, slope · x for others.
    public func leakyReLU(slope: Float = 0.01) -> Variable { applying(LeakyReLUOperation(slope: slope)) }
}
