import TensorCore

/// The greater of two operands element by element, broadcast; NaN where one is. Equal elements share the gradient.
public struct MaximumOperation: GraphOperation {
    public static let name = "maximum"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.broadcast(of: 2, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor { .maximum(operands[0], operands[1]) }

    public func record(_ operands: [Variable]) -> Variable {
        let (a, b) = (operands[0].value, operands[1].value)
        return recordBroadcast(
            operands,
            pullbacks: [
                { $0 * Tensor.maximumShares(a, over: b) }, { $0 * Tensor.maximumShares(b, over: a) },
            ])
    }
}

extension Variable {
    /// The greater of two variables element by element, broadcast; NaN where one is. Equal elements share the gradient.
    public static func maximum(_ left: Variable, _ right: Variable) -> Variable {
        MaximumOperation().record([left, right])
    }
}
