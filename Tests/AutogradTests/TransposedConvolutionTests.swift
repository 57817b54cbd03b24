import Autograd
import TensorCore
import TestSupport
import Testing

@Suite struct TransposedConvolutionTests {
    struct Case: Sendable {
        var input: Shape
        var kernel: (Int, Int)
        var outputs: Int
        var operation = TransposedConvolution2DOperation()

        var weightShape: Shape { [kernel.0, kernel.1, outputs / operation.groups, input[3]] }
    }

    static let cases = [
        Case(input: [1, 1, 1, 1], kernel: (1, 1), outputs: 1),
        Case(input: [2, 3, 2, 2], kernel: (3, 2), outputs: 3, operation: .init(stride: (2, 3))),
        Case(
            input: [1, 3, 4, 2], kernel: (3, 3), outputs: 2,
            operation: .init(stride: (2, 2), padding: Padding2D(1, 1), outputPadding: (1, 1))),
        Case(
            input: [2, 2, 3, 4], kernel: (2, 3), outputs: 6,
            operation: .init(
                stride: (3, 2), padding: Padding2D(top: 0, left: 2, bottom: 1, right: 0), dilation: (2, 1), groups: 2,
                outputPadding: (2, 0))),
        Case(
            input: [1, 3, 3, 3], kernel: (4, 4), outputs: 3,
            operation: .init(stride: (2, 2), padding: Padding2D(1, 1), groups: 3)),
        Case(input: [1, 2, 3, 16], kernel: (2, 2), outputs: 8, operation: .init(stride: (2, 2))),
        Case(input: [0, 2, 2, 2], kernel: (3, 3), outputs: 2),
    ]

    /// Every pixel adds its multiple of the kernel to the pixels that it reaches.
    private func scattered(_ x: DoubleArray, _ w: DoubleArray, _ bias: DoubleArray?, _ it: Case) -> DoubleArray {
        let op = it.operation
        let (n, h, width, c) = (it.input[0], it.input[1], it.input[2], it.input[3])
        let rows =
            (h - 1) * op.strideHeight + (it.kernel.0 - 1) * op.dilationHeight + 1 + op.outputPaddingHeight
            - op.padding.top - op.padding.bottom
        let columns =
            (width - 1) * op.strideWidth + (it.kernel.1 - 1) * op.dilationWidth + 1 + op.outputPaddingWidth
            - op.padding.left - op.padding.right
        var y = DoubleArray(zeros: [n, rows, columns, it.outputs])
        if let bias { for place in y.values.indices { y.values[place] = bias.values[place % it.outputs] } }
        let (inputs, outputs) = (c / op.groups, it.outputs / op.groups)
        for place in x.values.indices {
            let (channel, pixel) = (place % c, place / c)
            let (ix, iy, image) = (pixel % width, pixel / width % h, pixel / width / h)
            for ky in 0..<it.kernel.0 {
                for kx in 0..<it.kernel.1 {
                    let oy = iy * op.strideHeight - op.padding.top + ky * op.dilationHeight
                    let ox = ix * op.strideWidth - op.padding.left + kx * op.dilationWidth
                    guard (0..<rows).contains(oy), (0..<columns).contains(ox) else { continue }
                    for o in 0..<outputs {
                        let to = ((image * rows + oy) * columns + ox) * it.outputs + channel / inputs * outputs + o
                        let tap = ((ky * it.kernel.1 + kx) * outputs + o) * c + channel
                        y.values[to] += x.values[place] * w.values[tap]
                    }
                }
            }
        }
        return y
    }

    @Test("Value, and gradients to input, weights and bias", arguments: cases)
    func gradients(it: Case) {
        var random = Philox(seed: 61)
        let x = Tensor(normal: it.input, using: &random)
        let w = Tensor(normal: it.weightShape, using: &random)
        let bias = Tensor(normal: [it.outputs], using: &random)
        #expect(
            gradientComplaints(
                [x, w, bias], operation: { $0[0].transposedConvolved(with: $0[1], bias: $0[2], it.operation) },
                oracle: { scattered($0[0], $0[1], $0[2], it) }) == [])
        #expect(
            gradientComplaints(
                [x, w], operation: { $0[0].transposedConvolved(with: $0[1], it.operation) },
                oracle: { scattered($0[0], $0[1], nil, it) }) == [])
    }

    @Test("ONNX Runtime's numbers, with its weights [C, C', kernel height, kernel width] turned into ours")
    func convention() {
        // ConvTranspose, strides 1 and 2, pads [0, 1, 0, 0], output padding [0, 1], x and weights 1, 2, 3, …
        let x = Tensor((1...6).map(Float.init), shape: [1, 2, 1, 3]).transposed([0, 2, 3, 1])
        let w = Tensor((1...16).map(Float.init), shape: [2, 2, 2, 2]).transposed([2, 3, 1, 0])
        let operation = TransposedConvolution2DOperation(
            stride: (1, 2), padding: Padding2D(top: 0, left: 1, bottom: 0, right: 0), outputPadding: (0, 1))
        let y = operation.forward([x, w])
        #expect(y.shape == [1, 2, 6, 2])
        #expect(
            y.scalars == [
                42, 62, 47, 75, 54, 82, 57, 93, 66, 102, 0, 0, 52, 72, 61, 89, 68, 96, 75, 111, 84, 120, 0, 0,
            ])
    }

    @Test("Operands and attributes that do not fit are errors, also where sizes overflow")
    func refusals() {
        func fails(_ operation: TransposedConvolution2DOperation, _ shapes: [Shape]) -> Bool {
            (try? operation.shape(of: shapes)) == nil
        }
        let (x, w): (Shape, Shape) = ([1, 3, 3, 4], [2, 2, 3, 4])
        #expect(!fails(.init(), [x, w]) && !fails(.init(), [x, w, [3]]))
        #expect(fails(.init(), [x]) && fails(.init(), [x, w, [4]]) && fails(.init(), [[1, 3, 3], w]))
        #expect(fails(.init(), [[1, 3, 3, 3], w]) && fails(.init(), [[1, 0, 3, 4], w]))
        #expect(
            fails(.init(groups: 3), [x, w]) && fails(.init(groups: 0), [x, w]) && fails(.init(groups: .max), [x, w]))
        #expect(fails(.init(outputPadding: (1, 0)), [x, w]) && fails(.init(outputPadding: (0, -1)), [x, w]))
        #expect(!fails(.init(stride: (2, 1), outputPadding: (1, 0)), [x, w]))
        #expect(fails(.init(padding: Padding2D(2, 0)), [x, w]) && fails(.init(padding: Padding2D(-1, 0)), [x, w]))
        #expect(fails(.init(stride: (.max, 1)), [x, w]) && fails(.init(dilation: (1, .max)), [x, w]))
        #expect(fails(.init(stride: (1 << 20, 1 << 20)), [x, w]))
        #expect(fails(.init(padding: Padding2D(.max, 0)), [x, w]))
    }
}
