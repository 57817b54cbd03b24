import Autograd
import TensorCore

// Operations that only move values, in float32.

/// An operation that moves the values of its first operand.
protocol FloatRearrangement: FloatCForm {}

extension FloatRearrangement {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        try writer.arrange(node, from: places(in: node.operands[0].shape))
    }
}

extension FlattenOperation: FloatRearrangement {}
extension GatherOperation: FloatRearrangement {}
extension ReshapeOperation: FloatRearrangement {}
extension SliceOperation: FloatRearrangement {}
extension TransposeOperation: FloatRearrangement {}

extension PadOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        let plain = PadOperation(before: before, after: after)
        try writer.arrange(node, from: plain.places(in: node.operands[0].shape), border: value)
    }
}

extension BroadcastOperation: FloatCForm {
    /// A row for one image is the row.
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        try writer.arrange(node, from: Array(0..<node.shape.elementCount))
    }
}

extension ConcatenateOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        let rows = node.shape.prefix(axis).reduce(1, *)
        let length = node.shape.elementCount / max(rows, 1)
        var start = 0
        for part in node.operands {
            let own = part.shape.elementCount / max(rows, 1)
            writer.call(.placeNumbers, [part.numbers, "\(rows)", "\(own)", node.results, "\(start)", "\(length)"])
            start += own
        }
    }
}

extension ResizeOperation: FloatCForm {
    /// The nearest pixels are moved; other interpolations have no form.
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        guard case .nearest = interpolation.kernel else {
            throw writer.refusal(of: node.index, "interpolates, which has no form in C")
        }
        try writer.arrange(node, from: places(in: node.operands[0].shape))
    }
}
