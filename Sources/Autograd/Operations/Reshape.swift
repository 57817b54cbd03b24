import TensorCore

/// The same elements in order under another shape.
public struct ReshapeOperation: GraphOperation {
    public static let name = "reshape"

    /// The result's extents; one may be −1, which is what the others leave. So [−1, 4, 2] works for any batch.
    public let extents: [Int]

    public init(extents: [Int]) { self.extents = extents }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        let open = extents.indices.filter { extents[$0] == -1 }
        guard open.count <= 1, var result = Shape(checking: extents.map { $0 == -1 ? 1 : $0 }) else {
            throw OperationError(found: "extents \(extents)", expected: "0 or more, and at most one of -1")
        }
        if let open = open.first, result.elementCount > 0, input.elementCount % result.elementCount == 0 {
            var extents = extents
            extents[open] = input.elementCount / result.elementCount
            result = Shape(extents)
        }
        guard result.elementCount == input.elementCount, open.isEmpty || result.elementCount > 0 || !extents.contains(0)
        else {
            throw OperationError(
                found: "extents \(extents) for \(input), which has \(input.elementCount.counted("element"))",
                expected: "as many elements")
        }
        return result
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        do { return operands[0].reshaped(to: try shape(of: operands.map(\.shape))) } catch {
            fatalError("\(label): \(error)")
        }
    }

    public func record(_ operands: [Variable]) -> Variable {
        let shape = operands[0].shape
        return operands[0].tape.record(AnyOperation(self), forward([operands[0].value]), from: operands[0]) {
            $0.reshaped(to: shape)
        }
    }
}

extension Variable {
    /// The same elements in order under another shape.
    ///
    /// - Parameter extents: of the result; one may be −1, which is what the others leave, so that [−1, 4, 2] works for
    ///   any batch.
    public func reshaped(to extents: [Int]) -> Variable { ReshapeOperation(extents: extents).record([self]) }
}
