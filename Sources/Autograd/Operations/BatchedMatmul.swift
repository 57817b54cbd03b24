import TensorCore

/// Products of pairs of matrices: [..., M, K] · [..., K, N] = [..., M, N], where leading axes are broadcast.
public struct BatchedMatmulOperation: GraphOperation {
    public static let name = "batchedMatmul"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...2, for: label)
        let (a, b) = (operands[0].extents, operands[1].extents)
        guard a.count >= 2, b.count >= 2, a[a.count - 1] == b[b.count - 2],
            let leading = Shape(a.dropLast(2)).broadcast(with: Shape(b.dropLast(2))),
            let shape = Shape(checking: leading.extents + [a[a.count - 2], b[b.count - 1]])
        else {
            throw OperationError(
                found: "inputs of \(operands[0]) and \(operands[1])",
                expected: "[..., M, K] and [..., K, N] whose leading axes broadcast")
        }
        return shape
    }

    public func forward(_ operands: [Tensor]) -> Tensor { batchedMatmul(operands[0], operands[1]) }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (a, b) = (operands[0].value, operands[1].value)
        let wants = operands.map { $0.node != nil }
        return operands[0].tape.record(AnyOperation(self), forward([a, b]), from: operands) { upstream in
            [
                // dA[M, K] = dY[M, N] · Bᵀ[N, K]
                wants[0] ? batchedMatmul(upstream, b, transposeB: true).summed(to: a.shape) : nil,
                wants[1] ? batchedMatmulGradientToRight(upstream, a, b.shape) : nil,
            ]
        }
    }

    public func multiplyAdds(of operands: [Shape]) -> Int {
        guard let result = try? shape(of: operands), let inner = operands[0].last else { return 0 }
        return result.elementCount * inner
    }
}

/// dB[K, N] = Aᵀ[K, M] · dY[M, N], summed over the pairs that a matrix was repeated for; one product if it is all of
/// them.
func batchedMatmulGradientToRight(_ upstream: Tensor, _ a: Tensor, _ shape: Shape) -> Tensor {
    guard shape.rank == 2 else { return batchedMatmul(a, upstream, transposeA: true).summed(to: shape) }
    let rows = a.shape.dropLast().reduce(1, *)
    return matmul(
        a.reshaped(to: [rows, shape[0]]), upstream.reshaped(to: [rows, shape[1]]), transposeA: true)
}

extension Variable {
    /// Products of pairs of matrices.
    ///
    /// - Parameter matrices: [..., K, N]; self has shape [..., M, K]. Leading axes are broadcast.
    /// - Returns: [..., M, N].
    public func multiplied(byMatrices matrices: Variable) -> Variable {
        BatchedMatmulOperation().record([self, matrices])
    }
}
