import Autograd
import TensorCore

extension OperatorTable {
    /// Products of matrices.
    static let products: [String: Evaluate] = [
        "Gemm": { [try $0.gemm()] },
        "MatMul": { call in [try call.product(call.input(0), call.input(1))] },
    ]
}

extension NodeCall {
    /// α · A · B + β · C.
    fileprivate func gemm() throws -> GraphValue {
        var (a, b) = (try input(0), try input(1))
        guard a.shape.rank == 2, b.shape.rank == 2 else {
            throw OperationError(found: "inputs of \(a.shape) and \(b.shape)", expected: "two matrices")
        }
        if case .integers = a.content { throw refusal(of: a) }
        if try flag("transA") { a = try transposed(a, [1, 0]) }
        if try flag("transB") { b = try transposed(b, [1, 0]) }
        let (alpha, beta) = (try float("alpha", otherwise: 1), try float("beta", otherwise: 1))
        guard let c = optionalInput(2) else { return try scaled(product(a, b), alpha) }
        // A bias of the layer, if it is one.
        if alpha == 1, beta == 1, c.isKnown, c.shape.elementCount == b.shape[1] {
            return try dense(a, b, bias: c)
        }
        return try binary(scaled(product(a, b), alpha), scaled(c, beta), AddOperation()) { left, _ in left }
    }

    private func scaled(_ value: GraphValue, _ factor: Float) throws -> GraphValue {
        factor == 1 ? value : try map(value, ScaleOperation(factor: factor))
    }

    /// - Parameter bias: of as many elements as there are columns.
    private func dense(_ a: GraphValue, _ b: GraphValue, bias: GraphValue? = nil) throws -> GraphValue {
        let vector = try bias.map { try reshaped(inOrder($0), to: [b.shape[1]]) }
        let result = try apply(
            DenseOperation(), [inOrder(a).content, inOrder(b).content] + (vector.map { [$0.content] } ?? []),
            type: a.type)
        builder.note(layer: result.content, weights: b, axis: 1, bias: bias)
        return result
    }

    /// The product of two values as NumPy's matmul defines it.
    func product(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        guard case .integers = left.content else {
            return try floatProduct(left, right)
        }
        throw refusal(of: left)
    }

    private func floatProduct(_ left: GraphValue, _ right: GraphValue) throws -> GraphValue {
        guard left.shape.rank > 0, right.shape.rank > 0 else {
            throw OperationError(found: "a scalar", expected: "matrices or vectors")
        }
        // Vectors are matrices of one row and of one column.
        if left.shape.rank == 1 {
            let product = try floatProduct(inserting(0, in: left), right)
            return try removing(product.shape.rank - (right.shape.rank == 1 ? 1 : 2), from: product)
        }
        if right.shape.rank == 1 {
            let product = try floatProduct(left, inserting(1, in: right))
            return try removing(product.shape.rank - 1, from: product)
        }
        guard right.shape.rank == 2, right.isKnown || left.shape.rank == 2 else {
            return try apply(
                BatchedMatmulOperation(), [inOrder(left).content, inOrder(right).content], type: left.type)
        }
        if left.shape.rank == 2 { return try dense(left, right) }
        // One matrix for all: rows of all of them, whatever the order of their axes, with the batch before the others.
        let last = left.shape.rank - 1
        var lying = left.order.inversePermutation.filter { $0 != last }
        if let batch = batchAxis(of: left).map({ left.order.inversePermutation[$0] }), batch != last {
            lying = [batch] + lying.filter { $0 != batch }
        }
        let order = (lying + [last]).inversePermutation
        let arranged = try arranged(left, order)
        let leading = arranged.content.shape.dropLast()
        let rows = try reshaped(arranged, to: [leading.reduce(1, *), left.shape[last]])
        return try reshaped(dense(rows, right), to: leading + [right.shape[1]], order: order)
    }
}
