import Autograd
import TensorCore

extension ConcatenateOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) {
        guard node.node.tensors.isEmpty else { return node.keepWhole() }
        var start = 0
        for source in node.node.sources {
            node.ties.tie(.result(source), node.result, offset: start)
            // The batch axis counts here, and not in a node's shape.
            if axis == node.node.shape.rank { start += node.graph.nodes[source].shape.extents.last ?? 1 }
        }
    }
}
