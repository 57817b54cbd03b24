import TensorCore

/// Operand 1 where operand 0, the mask, is not 0, and operand 2 elsewhere; all three broadcast. No gradient for the
/// mask.
public struct SelectOperation: GraphOperation {
    public static let name = "select"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.broadcast(of: 3, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor { .select(operands[0], operands[1], operands[2]) }

    public func record(_ operands: [Variable]) -> Variable {
        let (mask, zero) = (operands[0].value, Tensor(0))
        return recordBroadcast(
            operands, pullbacks: [nil, { .select(mask, $0, zero) }, { .select(mask, zero, $0) }])
    }
}

extension Variable {
    /// One variable where a mask is not 0, the other elsewhere; all three broadcast.
    ///
    /// - Parameter mask: gets no gradient.
    public static func select(_ mask: Variable, _ whenTrue: Variable, _ whenFalse: Variable) -> Variable {
        SelectOperation().record([mask, whenTrue, whenFalse])
    }
}
