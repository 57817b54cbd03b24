import Autograd
import Graph
import TensorCore

extension GlobalAveragePoolOperation: IntegerKernel {
    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        let (n, h, w, c) = x[0].bytes.shape.nhwc(for: label)
        let whole = Pool2DGeometry(input: (h, w, c), window: (h, w))
        return x[0].bytes.averagePooled(whole, from: x[0].quantization, to: output).reshaped(to: [n, c])
    }

    func write(_ index: Int, to writer: inout CNodeWriter) {
        let shape = writer.node(writer.node(index).inputs[0]).shape
        writer.average(
            Pool2DGeometry(input: (shape[0], shape[1], shape[2]), window: (shape[0], shape[1])), index)
    }
}
