import Autograd
import Graph
import TensorCore

extension FlattenOperation: IntegerKernel {
    var keepsQuantization: Bool { true }

    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        x[0].bytes.reshaped(to: Shape([x[0].bytes.shape[0]] + node.shape))
    }

    /// Nothing: the result lies where the operand does.
    func write(_ index: Int, to writer: inout CNodeWriter) {}
}
