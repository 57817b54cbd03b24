import TensorCore

/// scale · x for positive numbers, scale · alpha · (eˣ − 1) for others (Clevert et al., arXiv 1511.07289).
public struct ELUOperation: VectorizedOperation {
    public static let name = "elu"

    /// What the negative side goes to is −scale · alpha; finite numbers.
    public let alpha, scale: Float

    public init(alpha: Float = 1, scale: Float = 1) { (self.alpha, self.scale) = (alpha, scale) }

    public var function: VectorFunction { .elu(alpha: alpha, scale: scale) }

    public var numbers: [Float] { [alpha, scale] }
}

extension Variable {
    /// x for positive numbers, alpha · (eˣ − 1) for others (Clevert et al., arXiv 1511.07289).
    public func elu(alpha: Float = 1) -> Variable { applying(ELUOperation(alpha: alpha)) }

    /// The ELU with the numbers that keep mean 0 and variance 1 through many layers (Klambauer et al., arXiv
    /// 1706.02515).
    public func selu() -> Variable { applying(ELUOperation(alpha: 1.6732632, scale: 1.050701)) }
}
