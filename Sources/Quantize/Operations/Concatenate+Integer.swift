import Autograd
import Graph
import TensorCore

extension ConcatenateOperation: IntegerKernel {
    /// Joined parts keep their values; only the scale changes.
    var tableOfOperands: ((Float) -> Float)? { { $0 } }

    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        .concatenated(zip(x, tables).map { $0.bytes.mapped(through: $1) }, axis: axis)
    }

    func write(_ index: Int, to writer: inout CNodeWriter) {
        let node = writer.node(index)
        let rows = node.shape.prefix(axis - 1).reduce(1, *)
        let length = node.shape.elementCount / rows
        var start = 0
        for (part, source) in node.inputs.enumerated() {
            let own = writer.node(source).shape.elementCount / rows
            let table = writer.table(of: index, part, named: "table\(index)_\(part)")
            writer.call(
                .place,
                [writer.place(source), "\(rows)", "\(own)", table, writer.place(index) + " + \(start)", "\(length)"])
            start += own
        }
    }
}
