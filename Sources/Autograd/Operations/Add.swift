import TensorCore

/// The sum of two operands of one shape.
public struct AddOperation: GraphOperation {
    public static let name = "add"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape { try operands.pair(for: label) }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0] + operands[1] }

    public func record(_ operands: [Variable]) -> Variable {
        requireOneShape("+", operands)
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { [$0, $0] }
    }
}

extension Variable {
    /// The sum of two variables of one shape.
    public static func + (left: Variable, right: Variable) -> Variable { AddOperation().record([left, right]) }

    /// The difference of two variables of one shape.
    public static func - (left: Variable, right: Variable) -> Variable { left + right * -1 }
}

extension [Shape] {
    /// The shape of two operands that have the same.
    func pair(for name: String) throws(OperationError) -> Shape {
        try require(2...2, for: name)
        guard self[0] == self[1] else {
            throw OperationError(found: "inputs of \(self[0]) and \(self[1])", expected: "one shape")
        }
        return self[0]
    }
}

// Tensors broadcast; a gradient would then have to be summed back.
func requireOneShape(_ operation: String, _ operands: [Variable]) {
    let (left, right) = (operands[0].shape, operands[1].shape)
    require(left == right, "\(operation): shapes \(left) and \(right) of variables differ")
}
