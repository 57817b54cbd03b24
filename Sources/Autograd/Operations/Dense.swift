import TensorCore

/// x · weights + bias. Operands: x [N, in], weights [in, out], and the bias [out] if there is one.
public struct DenseOperation: GraphOperation {
    public static let name = "dense"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...3, for: label)
        let (x, weights) = (operands[0], operands[1])
        guard x.rank == 2, weights.rank == 2, x[1] == weights[0] else {
            throw OperationError(found: "weights \(weights) for \(x)", expected: "the same")
        }
        if let bias = operands.dropFirst(2).first, bias != [weights[1]] {
            throw OperationError(found: "a bias of \(bias)", expected: "[\(weights[1])]")
        }
        return [x[0], weights[1]]
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        let product = matmul(operands[0], operands[1])  // Y[N, out] = X[N, in] · W[in, out]
        return operands.count > 2 ? product.addingToRows(operands[2]) : product
    }

    public func record(_ operands: [Variable]) -> Variable {
        let (x, matrix, wantsInput) = (operands[0].value, operands[1].value, operands[0].node != nil)
        let hasBias = operands.count > 2
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { upstream in
            [
                wantsInput ? matmul(upstream, matrix, transposeB: true) : nil,  // dX = dY · Wᵀ
                matmul(x, upstream, transposeA: true),  // dW = Xᵀ · dY
            ] + (hasBias ? [sumOverLeadingAxes(upstream)] : [])
        }
    }

    public func multiplyAdds(of operands: [Shape]) -> Int {
        operands.count > 1 ? operands[0][0] * operands[1].elementCount : 0
    }
}

extension Variable {
    /// x · weights + bias.
    ///
    /// - Parameters:
    ///   - weights: [in, out]; self has shape [N, in].
    ///   - bias: [out].
    /// - Returns: [N, out].
    public func multiplied(byMatrix weights: Variable, bias: Variable? = nil) -> Variable {
        DenseOperation().record([self, weights] + (bias.map { [$0] } ?? []))
    }
}
