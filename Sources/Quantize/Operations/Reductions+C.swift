import Autograd
import TensorCore

// One number of many, in float32.

extension ReducingOperation {
    /// Writes the call.
    ///
    /// - Parameters:
    ///   - greatest: whether it is the maximum and not the sum.
    ///   - isMean: whether the sum is divided by the number of terms.
    fileprivate func write(_ node: FloatNode, to writer: inout CNodeWriter, greatest: Bool, isMean: Bool) throws {
        let (numbers, shape) = node.operands[0]
        guard let places = shape.places(ofAxes: axes), shape.elementCount > 0 else {
            throw writer.refusal(of: node.index, "reduces nothing, which has no form in C")
        }
        let strides = shape.strides
        func walk(_ axes: [Int]) throws -> String {
            try writer.text(Walk(axes.map { shape[$0] }, steps: axes.map { strides[$0] }), of: node)
        }
        let terms = places.reduce(1) { $0 * shape[$1] }
        writer.call(
            .reduce,
            [
                numbers, try walk(shape.indices.filter { !places.contains($0) }), node.count, try walk(places.sorted()),
                "\(terms)", greatest ? "1" : "0", CNodeWriter.c(isMean ? 1 / Float(terms) : 1), node.results,
            ])
    }
}

extension MaxOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        try write(node, to: &writer, greatest: true, isMean: false)
    }
}

extension MeanOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        try write(node, to: &writer, greatest: false, isMean: true)
    }
}

extension SumOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        try write(node, to: &writer, greatest: false, isMean: false)
    }
}

extension FloatNode {
    /// Writes the call of a pooling.
    fileprivate func write(_ geometry: Pool2DGeometry, greatest: Bool, to writer: inout CNodeWriter) {
        writer.call(
            .poolNumbers,
            [
                "(window) {\(CNodeWriter.window(geometry))}", greatest ? "1" : "0", geometry.countsPadding ? "1" : "0",
                operands[0].numbers, results,
            ])
    }
}

extension MaxPool2DOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        node.write(window.fitted(to: node.operands[0].shape), greatest: true, to: &writer)
    }
}

extension AveragePool2DOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        let geometry = window.fitted(to: node.operands[0].shape, countsPadding: countsPadding)
        node.write(geometry, greatest: false, to: &writer)
    }
}

extension GlobalAveragePoolOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        let shape = node.operands[0].shape
        let whole = Pool2DGeometry(input: (shape[1], shape[2], shape[3]), window: (shape[1], shape[2]))
        node.write(whole, greatest: false, to: &writer)
    }
}
