import Autograd
import Graph
import TensorCore

extension AveragePool2DOperation: IntegerKernel {
    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        let geometry = window.fitted(to: x[0].bytes.shape, countsPadding: countsPadding)
        return x[0].bytes.averagePooled(geometry, from: x[0].quantization, to: output)
    }

    func write(_ index: Int, to writer: inout CNodeWriter) {
        let input = writer.node(writer.node(index).inputs[0]).batchShape
        writer.average(window.fitted(to: input, countsPadding: countsPadding), index)
    }
}
