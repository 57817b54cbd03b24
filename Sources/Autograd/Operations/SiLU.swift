import TensorCore

/// x · sigmoid(x), element by element (Elfwing et al., arXiv 1702.03118), also called swish.
public struct SiLUOperation: VectorizedOperation {
    public static let name = "silu"

    public init() {}

    public var function: VectorFunction { .silu }
}

extension Variable {
    /// x · sigmoid(x), element by element (Elfwing et al., arXiv 1702.03118), also called swish.
    public func silu() -> Variable { applying(SiLUOperation()) }
}
