import TensorCore

/// x · min(max(x + 3, 0), 6) / 6, element by element (Howard et al., arXiv 1905.02244). The derivative is 0 at −3 and
/// below, 1 at 3 and above.
public struct HardSwishOperation: VectorizedOperation {
    public static let name = "hardSwish"

    public init() {}

    public var function: VectorFunction { .hardSwish }
}

extension Variable {
    /// x · min(max(x + 3, 0), 6) / 6, element by element (Howard et al., arXiv 1905.02244).
    public func hardSwish() -> Variable { applying(HardSwishOperation()) }
}
