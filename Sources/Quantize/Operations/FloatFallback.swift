import Autograd
import Graph

extension NetworkGraph {
    /// The nodes that are computed in float32 because nothing on uint8 does the same: no kernel at all, none that
    /// broadcasts so, or none that reads a stored tensor beside activations.
    var nodesWithoutIntegerForm: Set<Int> {
        Set(
            nodes.indices.filter { index in
                guard let operation = nodes[index].operation, !(operation.base is any QuantizedLayer) else {
                    return false
                }
                return isFloatOnly(index) || !nodes[index].tensors.isEmpty
            })
    }
}
