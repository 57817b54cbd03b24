import TensorCore
import TestSupport
import Testing

@Suite struct MatrixProductTests {
    /// Rows of op(a) times columns of op(b), in Double.
    private func product(_ a: Tensor, _ b: Tensor, _ transposeA: Bool, _ transposeB: Bool) -> DoubleArray {
        let left = transposeA ? DoubleArray(a).columns : DoubleArray(a).rows
        let right = transposeB ? DoubleArray(b).rows : DoubleArray(b).columns
        return DoubleArray(
            left.flatMap { row in right.map { column in zip(row, column).reduce(0) { $0 + $1.0 * $1.1 } } },
            shape: [left.count, right.count])
    }

    @Test("All four transposes over awkward sizes equal the definition, exactly on whole numbers")
    func transposes() {
        var random = Philox(seed: 1)
        // The last one is cut into two blocks of rows: 2²⁰ / (64 · 512) = 32 rows each.
        let sizes = [(1, 1, 1), (1, 7, 3), (5, 1, 4), (3, 4, 1), (17, 9, 33), (8, 16, 8), (31, 15, 2), (33, 64, 512)]
        for (m, n, k) in sizes {
            for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
                let a = Tensor(wholeNumbers: transposeA ? [k, m] : [m, k], using: &random)
                let b = Tensor(wholeNumbers: transposeB ? [n, k] : [k, n], using: &random)
                #expect(
                    matmul(a, b, transposeA: transposeA, transposeB: transposeB)
                        .distance(to: product(a, b, transposeA, transposeB)) == 0,
                    "\(a.shape)\(transposeA ? "ᵀ" : "") · \(b.shape)\(transposeB ? "ᵀ" : "")")
            }
        }
    }

    @Test("Empty sides: no rows, no columns, and an empty sum is zero and not what the memory held")
    func empty() {
        _ = Tensor(repeating: 5, shape: [3, 2])  // leaves fives in the pool
        #expect(matmul(.ones([0, 3]), .ones([3, 2])).shape == [0, 2])
        #expect(matmul(.ones([3, 4]), .ones([4, 0])).shape == [3, 0])
        #expect(matmul(.ones([3, 0]), .ones([0, 2])) == .zeros([3, 2]))
        #expect(batchedMatmul(.ones([2, 3, 0]), .ones([2, 0, 2])) == .zeros([2, 3, 2]))
        #expect(batchedMatmul(.ones([0, 3, 1]), .ones([0, 1, 2])).shape == [0, 3, 2])
    }

    @Test("A batch of products is each product")
    func batched() {
        var random = Philox(seed: 2)
        for (batch, m, n, k) in [(1, 1, 1, 1), (3, 2, 5, 7), (2, 9, 1, 17)] {
            for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
                let a = Tensor(wholeNumbers: transposeA ? [batch, k, m] : [batch, m, k], using: &random)
                let b = Tensor(wholeNumbers: transposeB ? [batch, n, k] : [batch, k, n], using: &random)
                let all = batchedMatmul(a, b, transposeA: transposeA, transposeB: transposeB)
                #expect(all.shape == [batch, m, n])
                for index in 0..<batch {
                    func matrix(_ tensor: Tensor) -> Tensor {
                        tensor[rows: index..<index + 1].reshaped(to: Shape(Array(tensor.shape.dropFirst())))
                    }
                    #expect(
                        matrix(all).distance(to: product(matrix(a), matrix(b), transposeA, transposeB)) == 0)
                }
            }
        }
    }
}
