import TensorCore

/// The product of two operands of one shape, element by element.
public struct MultiplyOperation: GraphOperation {
    public static let name = "multiply"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape { try operands.pair(for: label) }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0] * operands[1] }

    public func record(_ operands: [Variable]) -> Variable {
        requireOneShape("*", operands)
        let (a, b) = (operands[0].value, operands[1].value)
        return operands[0].tape.record(AnyOperation(self), a * b, from: operands) { [$0 * b, $0 * a] }
    }
}

extension Variable {
    /// The product of two variables of one shape, element by element.
    public static func * (left: Variable, right: Variable) -> Variable { MultiplyOperation().record([left, right]) }
}
