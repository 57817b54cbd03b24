import Autograd
import Graph
import TensorCore

extension NodeCall {
    /// Applies an operation to values as they lie; the result lies as is said.
    func apply(
        _ operation: some GraphOperation, _ operands: [GraphValue.Content], type: ElementType, order: [Int]? = nil
    ) throws -> GraphValue {
        GraphValue(type, try builder.apply(operation, operands), order: order)
    }

    /// A function of single numbers, wherever the axes lie.
    func map(_ value: GraphValue, _ operation: some GraphOperation) throws -> GraphValue {
        try apply(operation, [value.content], type: value.type, order: value.order)
    }

    /// A value with its axes in an order of our choice.
    ///
    /// - Parameter order: as ``GraphValue/order``.
    func arranged(_ value: GraphValue, _ order: [Int]) throws -> GraphValue {
        guard value.order != order else { return value }
        // Axis `order[i]` of the result is axis i of ONNX, which is axis `value.order[i]` of what is there.
        let permutation = order.inversePermutation.map { value.order[$0] }
        let extents = value.content.shape
        // Axes of one place can be moved without moving anything else; the batch has one only while a model is read.
        let moved = permutation.filter { extents[$0] != 1 || $0 == batchAxis(of: value) }
        if moved == moved.sorted() {
            return try reshaped(value, to: permutation.map { extents[$0] }, order: order)
        }
        switch value.content {
        case .tensor(let tensor, let path):
            return GraphValue(value.type, .tensor(tensor.transposed(permutation), path: path), order: order)
        case .integers(let values, let shape):
            let places = Tensor.places(of: shape, transposed: permutation)
            return GraphValue(
                value.type, .integers(places.map { values[$0] }, Shape(permutation.map { shape[$0] })), order: order)
        case .node:
            return try apply(TransposeOperation(order: permutation), [value.content], type: value.type, order: order)
        }
    }

    /// A value with its axes as ONNX names them.
    func inOrder(_ value: GraphValue) throws -> GraphValue { try arranged(value, Array(value.order.indices)) }

    /// Images [N, C, H, W] as [N, H, W, C].
    func images(_ value: GraphValue) throws -> GraphValue {
        guard value.shape.rank == 4 else {
            throw OperationError(found: "an input of \(value.shape)", expected: "images [N, C, H, W]")
        }
        return try arranged(value, imageOrder)
    }

    /// How [N, C, H, W] lies as [N, H, W, C].
    var imageOrder: [Int] { [0, 3, 1, 2] }

    /// Values of any ranks, broadcast as NumPy does, with their axes in one common order.
    func aligned(_ values: [GraphValue]) throws -> (contents: [GraphValue.Content], order: [Int]) {
        let rank = values.map(\.shape.rank).max() ?? 0
        // What depends on the input stays as it lies, if it has all axes.
        let leader =
            values.first { !$0.isKnown && $0.shape.rank == rank } ?? values.first { $0.shape.rank == rank }
        guard let order = leader?.order else { return ([], []) }
        let contents = try values.map { value in
            try arranged(try withLeadingAxes(value, rank: rank), order).content
        }
        return (contents, order)
    }

    /// A value with axes of one place in front, as many as a rank wants.
    func withLeadingAxes(_ value: GraphValue, rank: Int) throws -> GraphValue {
        let missing = rank - value.shape.rank
        guard missing > 0 else { return value }
        let order = Array(0..<missing) + value.order.map { $0 + missing }
        let extents = [Int](repeating: 1, count: missing) + value.content.shape.extents
        return try reshaped(value, to: extents, order: order)
    }

    /// The same elements in the same places under other extents.
    ///
    /// - Parameters:
    ///   - extents: for a batch of one.
    ///   - growing: the axis that grows with the batch; found where it is not given.
    func reshaped(
        _ value: GraphValue, to extents: [Int], order: [Int]? = nil, growing: Int? = nil
    ) throws -> GraphValue {
        guard let shape = Shape(checking: extents), shape.elementCount == value.content.shape.elementCount else {
            throw OperationError(
                found: "extents \(extents) for \(value.shape), which has \(value.shape.elementCount) elements",
                expected: "as many elements")
        }
        if shape == value.content.shape { return GraphValue(value.type, value.content, order: order) }
        switch value.content {
        case .tensor(let tensor, let path):
            return GraphValue(value.type, .tensor(tensor.reshaped(to: shape), path: path), order: order)
        case .integers(let integers, _):
            return GraphValue(value.type, .integers(integers, shape), order: order)
        case .node(_, let old):
            let batchless = ReshapeOperation(extents: extents)
            guard let axis = batchAxis(of: value) else {
                return try apply(batchless, [value.content], type: value.type, order: order)
            }
            // Elements of one image lie together, so the axis that holds the batch has as much in front of it as
            // before, whatever became of the rest.
            let before = old.extents[..<axis].reduce(1, *)
            guard let new = growing ?? extents.indices.first(where: { extents[..<$0].reduce(1, *) == before }) else {
                throw OperationError(
                    found: "extents \(extents) for \(value.shape)", expected: "some that keep images apart")
            }
            var open = extents
            open[new] = -1
            return try apply(ReshapeOperation(extents: open), [value.content], type: value.type, order: order)
        }
    }

    /// The extents in the order of ONNX for ``GraphValue/many`` images.
    func shapeOfMany(_ value: GraphValue) -> Shape? {
        guard let shape = builder.extents(of: value.content)?.shape(batch: GraphValue.many) else { return nil }
        return Shape(value.order.map { shape[$0] })
    }

    /// The axis, as it lies, that grows with the batch.
    func batchAxis(of value: GraphValue) -> Int? {
        guard case .node(let node, _) = value.content else { return nil }
        return builder.nodes[node].extents.growingAxis
    }
}

extension Tensor {
    /// For each place of a transposed tensor the place that its element comes from.
    static func places(of shape: Shape, transposed order: [Int]) -> [Int] {
        let strides = shape.strides
        var places = [0]
        for axis in order {
            places = places.flatMap { place in (0..<shape[axis]).map { place + $0 * strides[axis] } }
        }
        return places
    }
}
