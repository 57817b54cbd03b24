import Autograd
import Graph
import TensorCore

extension MultiplyOperation: PairKernel {
    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        x[0].bytes.multiplied(by: x[1].bytes, from: (x[0].quantization, x[1].quantization), to: output)
    }

    func write(_ index: Int, to writer: inout CNodeWriter) {
        guard let pair = writer.pair(index) else { return }
        let ratio = CNodeWriter.c(pair.inputs[0].scale * pair.inputs[1].scale / pair.output.scale)
        writer.call(.multiply, pair.operands + [ratio, "\(pair.output.zeroPoint)", writer.place(index)])
    }
}
