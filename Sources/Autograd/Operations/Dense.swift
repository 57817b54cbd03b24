import TensorCore

/// x · weights + bias. Operands: x [N, ..., in], weights [in, out], and the bias [out] if there is one.
public struct DenseOperation: GraphOperation {
    public static let name = "dense"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...3, for: label)
        let (x, weights) = (operands[0], operands[1])
        guard x.rank >= 2, weights.rank == 2, x.last == weights[0],
            let shape = Shape(checking: x.dropLast() + [weights[1]])
        else {
            throw OperationError(found: "weights \(weights) for \(x)", expected: "the same")
        }
        if let bias = operands.dropFirst(2).first, bias != [weights[1]] {
            throw OperationError(found: "a bias of \(bias)", expected: "[\(weights[1])]")
        }
        return shape
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        let product = matmul(operands[0].asRows, operands[1])  // Y[rows, out] = X[rows, in] · W[in, out]
        let result = operands.count > 2 ? product.addingToRows(operands[2]) : product
        return result.reshaped(to: Shape(operands[0].shape.dropLast() + [operands[1].shape[1]]))
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (x, matrix, wantsInput) = (operands[0].value, operands[1].value, operands[0].node != nil)
        let hasBias = operands.count > 2
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { upstream in
            let rows = upstream.asRows
            return [
                wantsInput ? matmul(rows, matrix, transposeB: true).reshaped(to: x.shape) : nil,  // dX = dY · Wᵀ
                matmul(x.asRows, rows, transposeA: true),  // dW = Xᵀ · dY
            ] + (hasBias ? [sumOverLeadingAxes(rows)] : [])
        }
    }

    public func multiplyAdds(of operands: [Shape]) -> Int {
        operands.count > 1 ? operands[0].dropLast().reduce(1, *) * operands[1].elementCount : 0
    }
}

extension Tensor {
    /// All axes but the last as one.
    fileprivate var asRows: Tensor {
        shape.rank == 2 ? self : reshaped(to: [shape.dropLast().reduce(1, *), shape.last ?? 0])
    }
}

extension Variable {
    /// x · weights + bias.
    ///
    /// - Parameters:
    ///   - weights: [in, out]; self has shape [N, ..., in].
    ///   - bias: [out].
    /// - Returns: [N, ..., out].
    public func multiplied(byMatrix weights: Variable, bias: Variable? = nil) -> Variable {
        DenseOperation().record([self, weights] + (bias.map { [$0] } ?? []))
    }
}
