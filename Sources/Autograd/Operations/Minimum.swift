import TensorCore

/// The smaller of two operands element by element, broadcast; NaN where one is. Equal elements share the gradient.
public struct MinimumOperation: GraphOperation {
    public static let name = "minimum"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.broadcast(of: 2, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor { .minimum(operands[0], operands[1]) }

    public func record(_ operands: [Variable]) -> Variable {
        let (a, b) = (operands[0].value, operands[1].value)
        return recordBroadcast(
            operands,
            pullbacks: [
                { $0 * Tensor.maximumShares(b, over: a) }, { $0 * Tensor.maximumShares(a, over: b) },
            ])
    }
}

extension Variable {
    /// The smaller of two variables element by element, broadcast; NaN where one is. Equal elements share the gradient.
    public static func minimum(_ left: Variable, _ right: Variable) -> Variable {
        MinimumOperation().record([left, right])
    }
}
