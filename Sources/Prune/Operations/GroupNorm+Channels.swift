import Autograd
import TensorCore

extension GroupNormOperation: ChannelTied {
    /// A group is cut whole: what is left of one would have another mean and variance.
    public func tieChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource else { return node.keepWhole() }
        node.ties.tie(node.result, .result(source))
        for channel in 0..<node.channels {
            node.ties.tie(node.result, channel, node.result, channel - channel % channelsInGroup)
        }
        node.tieVector(1, .scale)
        node.tieVector(2, .shift)
    }
}
