import TensorCore

/// eˣ, element by element.
public struct ExpOperation: VectorizedOperation {
    public static let name = "exp"

    public init() {}

    public var function: VectorFunction { .exp }
}

extension Variable {
    /// eˣ, element by element.
    public func exp() -> Variable { applying(ExpOperation()) }
}
