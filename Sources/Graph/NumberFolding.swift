import Autograd
import TensorCore

extension NetworkGraph {
    /// Makes operations on a value and a stored single number functions of one number: files write hard-swish as
    /// x · min(max(x + 3, 0), 6) / 6, with the numbers as tensors.
    func foldingNumbers() -> NetworkGraph {
        var graph = self
        for index in nodes.indices {
            let node = nodes[index]
            guard node.operands.count == 2, let source = node.sources.first, let tensor = node.tensors.first,
                tensor.count == 1, nodes[source].extents == node.extents,
                let function = node.operation?.function(of: node.operands[0], tensor.scalars[0])
            else { continue }
            graph.nodes[index].operation = function
            graph.nodes[index].operands = [.node(source)]
        }
        return graph
    }
}

extension AnyOperation {
    /// The function that the operation is of one operand where the other is a number.
    ///
    /// - Parameter first: its first operand.
    fileprivate func function(of first: NetworkGraph.Operand, _ number: Float) -> AnyOperation? {
        guard number.isFinite else { return nil }
        if self.is(AddOperation.self) { return AnyOperation(OffsetOperation(term: number)) }
        if self.is(MultiplyOperation.self) { return AnyOperation(ScaleOperation(factor: number)) }
        guard case .node = first else { return nil }
        if self.is(SubtractOperation.self) { return AnyOperation(OffsetOperation(term: -number)) }
        // Only of a power of two the inverse is exact; others are rounded once more.
        if self.is(DivideOperation.self), (1 / number).isFinite {
            return AnyOperation(ScaleOperation(factor: 1 / number))
        }
        return nil
    }
}
