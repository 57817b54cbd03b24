import TensorCore

/// The product of two operands element by element, broadcast.
public struct MultiplyOperation: GraphOperation {
    public static let name = "multiply"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.broadcast(of: 2, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0] * operands[1] }

    public func record(_ operands: [Variable]) -> Variable {
        let (a, b) = (operands[0].value, operands[1].value)
        return recordBroadcast(operands, pullbacks: [{ $0 * b }, { $0 * a }])
    }
}

extension Variable {
    /// The product of two variables element by element, broadcast.
    public static func * (left: Variable, right: Variable) -> Variable { MultiplyOperation().record([left, right]) }
}
