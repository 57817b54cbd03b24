import Autograd
import TensorCore
import TestSupport
import Testing

// Dense layers and convolutions: value, and gradients to input, weights and bias.
@Suite struct ProductTests {
    private func draw(_ shape: Shape, _ sample: Int) -> Tensor {
        var random = Philox(seed: 41, sample: sample)
        return Tensor(normal: shape, using: &random)
    }

    private func addingToRows(_ array: DoubleArray, _ row: DoubleArray) -> DoubleArray {
        array.mapRows { zip($0, row.values).map { $0 + $1 } }
    }

    @Test("Dense", arguments: [(1, 1, 1), (1, 7, 3), (3, 5, 2), (2, 17, 9), (5, 1, 4), (4, 33, 10)])
    func dense(n: Int, inputs: Int, outputs: Int) {
        func product(_ x: DoubleArray, _ w: DoubleArray) -> DoubleArray {
            DoubleArray(
                x.rows.flatMap { row in w.columns.map { zip(row, $0).reduce(0) { $0 + $1.0 * $1.1 } } },
                shape: [n, outputs])
        }
        let tensors = [draw([n, inputs], 1), draw([inputs, outputs], 2), draw([outputs], 3)]
        #expect(
            gradientComplaints(
                Array(tensors[..<2]), operation: { $0[0].multiplied(byMatrix: $0[1]) },
                oracle: { product($0[0], $0[1]) }) == [])
        #expect(
            gradientComplaints(
                tensors, operation: { $0[0].multiplied(byMatrix: $0[1], bias: $0[2]) },
                oracle: { addingToRows(product($0[0], $0[1]), $0[2]) }) == [])
    }

    struct Case: Sendable {
        var input: (n: Int, h: Int, w: Int, c: Int)
        var kernel: (h: Int, w: Int)
        var output: Int
        var stride = (1, 1)
        var padding = (0, 0)
        var dilation = (1, 1)
        var groups = 1
    }

    @Test(
        "Convolution",
        arguments: [
            Case(input: (1, 1, 1, 1), kernel: (1, 1), output: 1),
            Case(input: (2, 3, 4, 3), kernel: (3, 3), output: 5, padding: (1, 1)),
            Case(input: (1, 5, 3, 2), kernel: (3, 2), output: 3, stride: (2, 1), padding: (1, 0)),
            Case(input: (1, 3, 3, 9), kernel: (1, 1), output: 4, stride: (2, 2)),
            Case(input: (2, 4, 4, 4), kernel: (3, 3), output: 4, padding: (1, 1), groups: 4),
            Case(input: (1, 5, 5, 4), kernel: (2, 2), output: 6, dilation: (2, 2), groups: 2),
            Case(input: (3, 2, 2, 1), kernel: (3, 3), output: 17, padding: (1, 1)),
        ])
    func convolution(it: Case) {
        let geometry = Conv2DGeometry(
            input: (it.input.h, it.input.w, it.input.c), kernel: (it.kernel.h, it.kernel.w), outputChannels: it.output,
            stride: it.stride, padding: it.padding, dilation: it.dilation, groups: it.groups)
        let naive = NaiveConvolution(
            input: it.input, kernel: it.kernel, output: it.output, stride: it.stride, padding: it.padding,
            dilation: it.dilation, groups: it.groups)
        let tensors = [
            draw(geometry.inputShape(batch: it.input.n), 4), draw(geometry.weightShape, 5), draw([it.output], 6),
        ]
        #expect(
            gradientComplaints(
                Array(tensors[..<2]), operation: { $0[0].convolved(with: $0[1], geometry) },
                oracle: { naive.output($0[0], $0[1]) }) == [])
        #expect(
            gradientComplaints(
                tensors, operation: { $0[0].convolved(with: $0[1], bias: $0[2], geometry) },
                oracle: { addingToRows(naive.output($0[0], $0[1]), $0[2]) }) == [])
    }
}
