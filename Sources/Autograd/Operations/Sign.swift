import TensorCore

/// 1 for positive numbers, −1 for negative ones, 0 for 0, and NaN for NaN; the gradient is 0.
public struct SignOperation: ElementwiseOperation {
    public static let name = "sign"

    public init() {}

    public func value(at x: Float) -> Float { x > 0 ? 1 : x < 0 ? -1 : x }

    public func slope(at x: Float) -> Float { 0 }
}

extension Variable {
    /// 1 for positive numbers, −1 for negative ones, 0 for 0, and NaN for NaN; the gradient is 0.
    public func sign() -> Variable { applying(SignOperation()) }
}
