import TensorCore

/// ln(1 + eˣ), element by element.
public struct SoftplusOperation: VectorizedOperation {
    public static let name = "softplus"

    public init() {}

    public var function: VectorFunction { .softplus }
}

extension Variable {
    /// ln(1 + eˣ), element by element.
    public func softplus() -> Variable { applying(SoftplusOperation()) }
}
