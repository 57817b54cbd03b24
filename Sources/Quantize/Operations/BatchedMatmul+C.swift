import Autograd
import TensorCore

extension BatchedMatmulOperation: FloatCForm {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) throws {
        // Steps from pair to pair are counted in elements: the two last axes are a matrix.
        let pairs = Shape(Array(node.shape.dropLast(2)))
        let operands = try node.operands.flatMap { operand in
            let matrix = operand.shape.suffix(2).reduce(1, *)
            let leading = Shape(Array(operand.shape.dropLast(2)))
            let walk = Walk(leading, broadcastTo: pairs, stepping: matrix)
            return [operand.numbers, try writer.text(walk, of: node)]
        }
        let (rows, inner, columns) = (
            node.shape[node.shape.rank - 2], node.operands[0].shape.last ?? 1, node.shape.last ?? 1
        )
        writer.call(
            .multiplyMatrices,
            operands + [pairs.elementCount, rows, inner, columns].map { "\($0)" } + [node.results])
    }
}
