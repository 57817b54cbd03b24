import TensorCore

/// Axes in another order.
public struct TransposeOperation: GraphOperation {
    public static let name = "transpose"

    /// Axis i of the result is axis `order[i]` of the operand, the batch axis among them.
    public let order: [Int]

    public init(order: [Int]) { self.order = order }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        guard order.sorted() == Array(input.indices) else {
            throw OperationError(found: "order \(order) of the axes of \(input)", expected: "each axis once")
        }
        return Shape(order.map { input[$0] })
    }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0].transposed(order) }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        var inverse = order
        for (new, old) in order.enumerated() { inverse[old] = new }
        return operands[0].tape.record(AnyOperation(self), forward([operands[0].value]), from: operands[0]) {
            [inverse] in $0.transposed(inverse)
        }
    }
}

extension Variable {
    /// Axes in another order.
    ///
    /// - Parameter order: axis i of the result is axis `order[i]` of self, the batch axis among them.
    public func transposed(_ order: [Int]) -> Variable { TransposeOperation(order: order).record([self]) }
}
