import Autograd
import Graph
import TensorCore

extension MaxPool2DOperation: IntegerKernel {
    var keepsQuantization: Bool { true }

    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        x[0].bytes.maxPooled(window.fitted(to: x[0].bytes.shape))
    }

    func write(_ index: Int, to writer: inout CNodeWriter) {
        let input = writer.node(index).inputs[0]
        let geometry = window.fitted(to: writer.node(input).batchShape)
        writer.call(
            .maxPool, ["(window) {\(CNodeWriter.window(geometry))}", writer.place(input), writer.place(index)])
    }
}
