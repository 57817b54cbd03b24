import TensorCore

/// Everything but the batch axis as one axis: [N, ...] to [N, product].
public struct FlattenOperation: GraphOperation {
    public static let name = "flatten"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        guard operands[0].rank >= 1 else { throw OperationError(found: "a scalar", expected: "a batch [N, ...]") }
        return [operands[0][0], operands[0].dropFirst().reduce(1, *)]
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        operands[0].reshaped(to: [operands[0].shape[0], operands[0].shape.dropFirst().reduce(1, *)])
    }

    public func record(_ operands: [Variable]) -> Variable {
        let shape = operands[0].shape
        require(shape.rank >= 1, "flattened: a scalar has no batch axis")
        return operands[0].tape.record(AnyOperation(self), forward([operands[0].value]), from: operands[0]) {
            $0.reshaped(to: shape)
        }
    }
}

extension Variable {
    /// Everything but the batch axis as one axis: [N, ...] to [N, product].
    public func flattened() -> Variable { FlattenOperation().record([self]) }
}
