import TensorCore

/// The quotient of two operands element by element, broadcast.
public struct DivideOperation: GraphOperation {
    public static let name = "divide"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.broadcast(of: 2, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0] / operands[1] }

    public func record(_ operands: [Variable]) -> Variable {
        let (a, b) = (operands[0].value, operands[1].value)
        // d(a / b) = da / b − a / b² · db
        return recordBroadcast(operands, pullbacks: [{ $0 / b }, { -($0 * (a / b)) / b }])
    }
}

extension Variable {
    /// The quotient of two variables element by element, broadcast.
    public static func / (left: Variable, right: Variable) -> Variable { DivideOperation().record([left, right]) }
}
