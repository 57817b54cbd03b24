import Autograd
import Graph
import TensorCore

extension ConcatenateOperation: IntegerKernel {
    /// Joined parts keep their numbers; only the scale changes.
    var tableOfOperands: ((Float) -> Float)? { { $0 } }

    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ step: IntegerProgram.Step, to output: AffineQuantization
    ) -> ByteTensor {
        .concatenated(zip(x, tables).map { $0.bytes.mapped(through: $1) }, axis: axis)
    }

    func write(_ index: Int, to writer: inout CStepWriter) {
        let step = writer.step(index)
        let rows = step.shape.prefix(axis - 1).reduce(1, *)
        let length = step.shape.elementCount / rows
        var start = 0
        for (part, source) in step.inputs.enumerated() {
            let own = writer.step(source).shape.elementCount / rows
            let table = writer.table(of: index, part, named: "table\(index)_\(part)")
            writer.call(
                .place,
                [writer.place(source), "\(rows)", "\(own)", table, writer.place(index) + " + \(start)", "\(length)"])
            start += own
        }
    }
}
