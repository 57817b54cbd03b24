import Autograd
import TensorCore

// What is done to each row of the last axes by itself.

extension FloatNode {
    /// Rows and the elements of each.
    ///
    /// - Parameter length: of a row.
    fileprivate func rows(of length: Int) -> [String] { ["\(shape.elementCount / max(length, 1))", "\(length)"] }
}

extension SoftmaxOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        writer.call(.softmax, [node.operands[0].numbers] + node.rows(of: node.shape.last ?? 1) + [node.results])
    }
}

extension LogSoftmaxOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        writer.call(.logSoftmax, [node.operands[0].numbers] + node.rows(of: node.shape.last ?? 1) + [node.results])
    }
}

extension LayerNormOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        writer.normalizeRows(node, epsilon, centered: true)
    }
}

extension RMSNormOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        writer.normalizeRows(node, epsilon, centered: false)
    }
}

extension CNodeWriter {
    fileprivate mutating func normalizeRows(_ node: FloatNode, _ epsilon: Float, centered: Bool) {
        let (x, scale) = (node.operands[0], node.operands[1])
        let shift = node.operands.count > 2 ? node.operands[2].numbers : Self.nothing
        call(
            .normalizeRows,
            [x.numbers] + node.rows(of: scale.shape.elementCount)
                + [scale.numbers, shift, Self.c(epsilon), centered ? "1" : "0", node.results])
    }
}

extension GroupNormOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        writer.call(
            .normalizeGroups,
            [node.operands[0].numbers] + node.rows(of: node.shape.last ?? 1)
                + [
                    "\(channelsInGroup)", node.operands[1].numbers, node.operands[2].numbers, CNodeWriter.c(epsilon),
                    node.results,
                ])
    }
}
