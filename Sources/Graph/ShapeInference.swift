import Autograd
import TensorCore

extension NetworkGraph {
    /// The same graph with every node's extents computed from the input's on, as after a change of tensors' shapes.
    ///
    /// - Throws: ``GraphError`` that names the first node whose operands do not fit.
    func inferringExtents() throws -> NetworkGraph {
        var graph = self
        for index in nodes.indices.dropFirst() { graph.nodes[index].extents = try graph.inferredExtents(of: index) }
        return graph
    }

    /// What a node's operation says of its result, by the extents of what it reads.
    ///
    /// - Throws: ``GraphError`` where they do not fit.
    func inferredExtents(of index: Int) throws -> BatchShape {
        let node = nodes[index]
        guard let operation = node.operation else { return node.extents }
        do {
            let one = try operation.base.shape(of: operandShapes(of: node, batch: 1))
            let two = try operation.base.shape(of: operandShapes(of: node, batch: 2))
            guard let extents = BatchShape(one: one, two: two) else {
                throw OperationError(
                    found: "results of \(one) for one image and \(two) for two",
                    expected: "extents that are fixed or grow with the batch")
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
