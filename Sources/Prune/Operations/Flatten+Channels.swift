import Autograd
import TensorCore

extension FlattenOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource else { return node.keepWhole() }
        let channels = node.graph.nodes[source].shape.extents.last ?? 1
        for start in stride(from: 0, to: node.channels, by: max(channels, 1)) {
            node.ties.tie(.result(source), node.result, offset: start)
        }
    }
}
