import TensorCore

/// The given places of an axis, in that order; a place may come several times, and gets the sum of its gradients.
public struct GatherOperation: GraphOperation {
    public static let name = "gather"

    /// The places, each in 0 ..< the axis' extent.
    public let indices: [Int]
    /// The axis; a negative one counts from the last.
    public let axis: Int

    public init(indices: [Int], axis: Int) { (self.indices, self.axis) = (indices, axis) }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        guard let place = input.place(ofAxis: axis) else {
            throw OperationError(found: "axis \(axis) of \(input)", expected: "an axis of the input")
        }
        if let index = indices.first(where: { !(0..<input[place]).contains($0) }) {
            throw OperationError(
                found: "index \(index) of axis \(axis) of \(input)", expected: "0 ..< \(input[place])")
        }
        var extents = input.extents
        extents[place] = indices.count
        guard let shape = Shape(checking: extents) else {
            throw OperationError(found: "a result of \(extents)", expected: "a countable size")
        }
        return shape
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        operands[0].gathering(indices, axis: operands[0].shape.place(ofAxis: axis) ?? axis)
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (shape, indices) = (operands[0].shape, indices)
        let place = shape.place(ofAxis: axis) ?? axis
        return operands[0].tape.record(AnyOperation(self), forward([operands[0].value]), from: operands[0]) {
            $0.scattering(to: indices, axis: place, extent: shape[place])
        }
    }
}

extension Variable {
    /// The given places of an axis, in that order; a place may come several times, and gets the sum of its gradients.
    ///
    /// - Parameters:
    ///   - indices: the places, each in 0 ..< the axis' extent.
    ///   - axis: a negative one counts from the last.
    public func gathering(_ indices: [Int], axis: Int) -> Variable {
        GatherOperation(indices: indices, axis: axis).record([self])
    }
}
