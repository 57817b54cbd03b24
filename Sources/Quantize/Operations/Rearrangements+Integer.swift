import Autograd
import Graph
import TensorCore

// Operations that only move values: their results hold the same bytes, so they have the same scale and zero point.

/// An operation whose result's values are the operand's, or 0.
protocol ByteRearrangement: IntegerKernel {}

extension ByteRearrangement {
    var keepsQuantization: Bool { true }

    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        // Bytes as numbers go through unchanged; a border of 0 is where the zero point is.
        let numbers = x[0].bytes.dequantized(AffineQuantization(scale: 1, zeroPoint: output.zeroPoint))
        return forward([numbers]).quantized(AffineQuantization(scale: 1, zeroPoint: output.zeroPoint))
    }

    func write(_ index: Int, to writer: inout CNodeWriter) throws {
        let input = writer.node(index).inputs[0]
        try writer.take(
            places(in: writer.shape(input)), index, border: writer.node(input).quantization?.zeroPoint ?? 0)
    }
}

extension GatherOperation: ByteRearrangement {}
extension SliceOperation: ByteRearrangement {}
extension TransposeOperation: ByteRearrangement {}

extension PadOperation: ByteRearrangement {
    var isFloatOnlyByValue: Bool { value != 0 }
}

extension ReshapeOperation: ByteRearrangement {
    func run(
        _ x: [QuantizedTensor], _ tables: [[UInt8]], _ node: IntegerProgram.Node, to output: AffineQuantization
    ) -> ByteTensor {
        do { return x[0].bytes.reshaped(to: try shape(of: [x[0].bytes.shape])) } catch {
            fatalError("\(label): \(error)")
        }
    }

}

extension GraphOperation {
    /// For each element of the result of an operation that moves values, its place in the operand; a negative one where
    /// a border lies.
    func places(in operand: Shape) -> [Int] {
        // Places are counted from 1, so that a border of 0 is none of them.
        let places = Tensor((0..<operand.elementCount).map { Float($0 + 1) }, shape: operand)
        return forward([places]).scalars.map { Int($0) - 1 }
    }
}
