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

    func write(_ index: Int, to writer: inout CNodeWriter) {
        let node = writer.node(index)
        let input = writer.node(node.inputs[0])
        // For each element the place that it is from, counted from 1; 0 is the border.
        let places = Tensor((1...input.shape.elementCount).map { Float($0) }, shape: input.batchShape)
        writer.take(forward([places]).scalars.map { Int($0) - 1 }, index, border: input.quantization?.zeroPoint ?? 0)
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

    func write(_ index: Int, to writer: inout CNodeWriter) {
        writer.take(Array(0..<writer.node(index).shape.elementCount), index, border: 0)
    }
}
