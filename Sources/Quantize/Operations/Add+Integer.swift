import Autograd
import Graph
import TensorCore

extension AddOperation: PairKernel {
    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        x[0].bytes.adding(x[1].bytes, from: (x[0].quantization, x[1].quantization), to: output, relu: node.relu)
    }

    func write(_ index: Int, to writer: inout CNodeWriter) {
        guard let pair = writer.pair(index) else { return }
        let ratios = pair.inputs.map { CNodeWriter.c($0.scale / pair.output.scale) }
        writer.call(
            .add,
            pair.operands + ratios + [
                "\(pair.output.zeroPoint)", writer.node(index).relu ? "1" : "0", writer.place(index),
            ])
    }
}
