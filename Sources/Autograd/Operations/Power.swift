import TensorCore

/// The first operand to the power of the second, element by element, broadcast; NaN for a negative base unless the
/// exponent is whole.
public struct PowerOperation: GraphOperation {
    public static let name = "power"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.broadcast(of: 2, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor { .power(operands[0], operands[1]) }

    public func record(_ operands: [Variable]) -> Variable {
        let (base, exponent) = (operands[0].value, operands[1].value)
        return recordBroadcast(
            operands,
            pullbacks: [
                { $0 * Tensor.powerSlopeOfBase(base, exponent) }, { $0 * Tensor.powerSlopeOfExponent(base, exponent) },
            ])
    }
}

extension Variable {
    /// Self to the power of another variable, element by element, broadcast; NaN for a negative base unless the
    /// exponent is whole. The gradient to the exponent is 0 where the base is 0.
    public func pow(_ exponent: Variable) -> Variable { PowerOperation().record([self, exponent]) }
}
