import TensorCore

/// The square root, element by element; NaN of negative numbers. Its derivative at 0 is infinite.
public struct SqrtOperation: ElementwiseOperation {
    public static let name = "sqrt"

    public init() {}

    public func value(at x: Float) -> Float { x.squareRoot() }

    public func slope(at x: Float) -> Float { 0.5 / x.squareRoot() }
}

extension Variable {
    /// The square root, element by element; NaN of negative numbers. Its derivative at 0 is infinite.
    public func sqrt() -> Variable { applying(SqrtOperation()) }
}
