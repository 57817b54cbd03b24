import TensorCore

/// Every element with its sign changed.
public struct NegateOperation: ElementwiseOperation {
    public static let name = "negate"

    public init() {}

    public func value(at x: Float) -> Float { -x }

    public func slope(at x: Float) -> Float { -1 }
}

extension Variable {
    /// Every element with its sign changed.
    public static prefix func - (operand: Variable) -> Variable { operand.applying(NegateOperation()) }
}
