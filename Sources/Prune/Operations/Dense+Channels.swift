import Autograd
import TensorCore

extension DenseOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource, let weights = node.path(of: 1) else { return node.keepWhole() }
        node.tieFilters(weights, rank: 2, inputs: node.graph.nodes[source].shape.last ?? 1, node.channels)
        node.ties.tie(.tensor(path: weights, axis: 0), .result(source))
        node.tieVector(2, .bias)
    }
}
