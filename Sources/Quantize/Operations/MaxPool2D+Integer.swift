import Autograd
import Graph
import TensorCore

extension MaxPool2DOperation: IntegerKernel {
    var keepsQuantization: Bool { true }

    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ step: IntegerProgram.Step, to output: AffineQuantization
    ) -> ByteTensor {
        x[0].bytes.maxPooled(window.fitted(to: x[0].bytes.shape))
    }

    func write(_ index: Int, to writer: inout CStepWriter) {
        let input = writer.step(index).inputs[0]
        let geometry = window.fitted(to: writer.step(input).batchShape)
        writer.call(
            .maxPool, ["(window) {\(CStepWriter.window(geometry))}", writer.place(input), writer.place(index)])
    }
}
