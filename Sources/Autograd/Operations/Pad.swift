import TensorCore

/// A border of one value around the elements.
public struct PadOperation: GraphOperation {
    public static let name = "pad"

    /// For each axis how many places come before what is there, and how many after it.
    public let before, after: [Int]
    /// The border's value, a finite number.
    public let value: Float

    public init(before: [Int], after: [Int], value: Float = 0) {
        (self.before, self.after, self.value) = (before, after, value)
    }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        guard before.count == input.rank, after.count == input.rank,
            (before + after).allSatisfy({ (0...1 << 40).contains($0) }), value.isFinite,
            let shape = Shape(checking: input.indices.map { before[$0] + min(input[$0], 1 << 61) + after[$0] })
        else {
            throw OperationError(
                found: "borders \(before) and \(after) of \(value) around \(input)",
                expected: "two of 0 or more for each axis, and a finite value")
        }
        return shape
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        operands[0].padded(before: before, after: after, with: value)
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (shape, before) = (operands[0].shape, before)
        return operands[0].tape.record(AnyOperation(self), forward([operands[0].value]), from: operands[0]) {
            shape.indices.reduce($0) { $0.slice(axis: $1, before[$1]..<before[$1] + shape[$1]) }
        }
    }
}

extension Variable {
    /// A border of one value around the elements.
    ///
    /// - Parameters:
    ///   - before: for each axis, the batch among them, how many places come before what is there.
    ///   - after: for each axis how many come after.
    public func padded(before: [Int], after: [Int], with value: Float = 0) -> Variable {
        PadOperation(before: before, after: after, value: value).record([self])
    }
}
