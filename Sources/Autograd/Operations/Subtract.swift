import TensorCore

/// The difference of two operands, broadcast.
public struct SubtractOperation: GraphOperation {
    public static let name = "subtract"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.broadcast(of: 2, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0] - operands[1] }

    public func record(_ operands: [Variable]) -> Variable { recordBroadcast(operands, pullbacks: [{ $0 }, { -$0 }]) }
}

extension Variable {
    /// The difference of two variables, broadcast.
    public static func - (left: Variable, right: Variable) -> Variable { SubtractOperation().record([left, right]) }
}
