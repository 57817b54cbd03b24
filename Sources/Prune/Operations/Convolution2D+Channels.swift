import Autograd
import TensorCore

extension Convolution2DOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource, let weights = node.path(of: 1),
            let geometry = node.node.geometry(reading: node.graph.nodes[source].shape)
        else { return node.keepWhole() }
        let outputs = geometry.outputChannels
        let perGroup = geometry.inputChannels / groups
        node.tieFilters(weights, rank: 4, inputs: perGroup, outputs)
        if groups > 1 && perGroup == 1 {
            // Depthwise: a channel goes with the filters that read it.
            let filters = outputs / groups
            for output in 0..<outputs { node.ties.tie(node.result, output, .result(source), output / filters) }
        } else {
            // Every group loses the same places, so that groups stay alike.
            for group in 0..<groups {
                node.ties.tie(.tensor(path: weights, axis: 2), .result(source), offset: group * perGroup)
            }
            for output in 0..<outputs { node.ties.tie(node.result, output, node.result, output % (outputs / groups)) }
        }
        node.tieVector(2, .bias)
    }
}
