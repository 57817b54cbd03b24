import TensorCore

/// One row repeated to the batch of another operand. Operands: the row [1, ...], and one whose first extent is the
/// batch size; of that one nothing else counts, and it gets no gradient.
///
/// So a parameter [1, ...], such as the class token of a vision transformer, is joined with what belongs to each image.
public struct BroadcastOperation: GraphOperation {
    public static let name = "broadcast"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...2, for: label)
        guard operands[0].first == 1, let batch = operands[1].first,
            let shape = Shape(checking: [batch] + operands[0].dropFirst())
        else {
            throw OperationError(
                found: "inputs of \(operands[0]) and \(operands[1])",
                expected: "[1, ...] and [N, ...], and a result of a countable size")
        }
        return shape
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        let row = operands[0]
        return row.broadcast(to: Shape([operands[1].shape[0]] + row.shape.dropFirst()))
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let shape = operands[0].shape
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) {
            [$0.summed(to: shape), nil]
        }
    }

    /// A token is added, and no factor.
    public func role(ofOperand place: Int, shape: Shape) -> TensorRole { .bias }
}

extension Variable {
    /// Self, [1, ...], repeated to the batch of another variable.
    ///
    /// - Parameter other: [N, ...]; only N counts.
    /// - Returns: [N, ...] with the further extents of self.
    public func expanded(toBatchOf other: Variable) -> Variable { BroadcastOperation().record([self, other]) }
}
