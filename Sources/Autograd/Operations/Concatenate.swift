import TensorCore

/// Operands one after another along an axis; they agree in all others.
public struct ConcatenateOperation: GraphOperation {
    public static let name = "concatenate"

    /// The axis; the batch is axis 0.
    public let axis: Int

    public init(axis: Int) { self.axis = axis }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        guard let first = operands.first, axis >= 1, axis < first.rank else {
            throw OperationError(
                found: "axis \(axis) of \(operands.count.counted("input"))",
                expected: "an axis of theirs, not the batch")
        }
        let others = first.indices.filter { $0 != axis }
        guard operands.allSatisfy({ part in part.rank == first.rank && others.allSatisfy { part[$0] == first[$0] } })
        else { throw OperationError(found: "inputs \(operands)", expected: "alike but along axis \(axis)") }
        var extents = first.extents
        extents[axis] = operands.reduce(0) { $0 + $1[axis] }
        guard let shape = Shape(checking: extents) else {
            throw OperationError(found: "a result of \(extents)", expected: "a countable size")
        }
        return shape
    }

    public func forward(_ operands: [Tensor]) -> Tensor { .concatenated(operands, axis: axis) }

    public func record(_ operands: [Variable]) -> Variable {
        guard let first = operands.first else { fatalError("concatenated: no variables given") }
        let axis = axis
        let extents = operands.map { $0.shape[axis] }
        return first.tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { upstream in
            var start = 0
            return extents.map { extent in
                defer { start += extent }
                return upstream.slice(axis: axis, start..<start + extent)
            }
        }
    }
}

extension Variable {
    /// Variables one after another along an axis; they agree in all others.
    public static func concatenated(_ parts: [Variable], axis: Int) -> Variable {
        ConcatenateOperation(axis: axis).record(parts)
    }
}
