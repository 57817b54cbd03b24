import Autograd
import TensorCore

extension NetworkGraph {
    /// The same graph with every node's extents computed from the input's on, as after filters were cut from its
    /// tensors.
    ///
    /// - Throws: ``GraphError`` that names the first node whose operands do not fit.
    func inferringExtents() throws -> NetworkGraph {
        var graph = self
        for index in nodes.indices.dropFirst() {
            let shapes = graph.operandShapes(of: graph.nodes[index])
            graph.nodes[index].operation = nodes[index].operation.map { AnyOperation($0.base.fitting(shapes)) }
            graph.nodes[index].extents = try graph.inferredExtents(of: index)
        }
        return graph
    }

    /// What a node's operation says of its result, by the extents of what it reads.
    ///
    /// - Throws: ``GraphError`` where they do not fit.
    func inferredExtents(of index: Int) throws -> BatchShape {
        let node = nodes[index]
        guard let operation = node.operation else { return node.extents }
        do {
            let extents = try BatchShape(inferredFrom: {
                try operation.base.shape(of: operandShapes(of: node, batch: $0))
            })
            guard let extents else {
                throw OperationError(
                    found: "a result that depends on the batch otherwise",
                    expected: "extents that are fixed or grow with the batch")
            }
            // Images go through in blocks, so that such a result would depend on how a batch is cut.
            guard extents.growsWithBatch || !node.sources.contains(where: { nodes[$0].extents.growsWithBatch }) else {
                throw OperationError(found: "a result of \(extents) for all images together", expected: "one for each")
            }
            if let residual = node.residual, nodes[residual].extents != extents {
                throw OperationError(
                    found: "a residual of \(nodes[residual].extents)", expected: "one of \(extents)")
            }
            return extents
        } catch let error as OperationError {
            throw GraphError(operation: node.description, reason: "\(error)")
        }
    }
}
