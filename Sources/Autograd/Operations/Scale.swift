import TensorCore

/// Every element times a number.
public struct ScaleOperation: ElementwiseOperation {
    public static let name = "scale"

    /// The number.
    public let factor: Float

    public init(factor: Float) { self.factor = factor }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        guard factor.isFinite else { throw OperationError(found: "a factor of \(factor)", expected: "a number") }
        return operands[0]
    }

    public func value(at x: Float) -> Float { x * factor }

    public func slope(at x: Float) -> Float { factor }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0] * factor }

    public func record(_ operands: [Variable]) -> Variable {
        let factor = factor
        return operands[0].tape.record(AnyOperation(self), operands[0].value * factor, from: operands[0]) {
            $0 * factor
        }
    }
}

extension Variable {
    /// Every element times a number.
    public static func * (left: Variable, factor: Float) -> Variable { left.applying(ScaleOperation(factor: factor)) }

    /// Every element times a number.
    public static func * (factor: Float, right: Variable) -> Variable { right * factor }
}
