import TensorCore

/// The absolute value, element by element; its derivative at 0 is taken as 0.
public struct AbsOperation: ElementwiseOperation {
    public static let name = "abs"

    public init() {}

    public func value(at x: Float) -> Float { Swift.abs(x) }

    public func slope(at x: Float) -> Float { x > 0 ? 1 : x < 0 ? -1 : 0 }
}

extension Variable {
    /// The absolute value, element by element; its derivative at 0 is taken as 0.
    public func abs() -> Variable { applying(AbsOperation()) }
}
