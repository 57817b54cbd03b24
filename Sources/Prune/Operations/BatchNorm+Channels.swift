import Autograd
import TensorCore

extension BatchNormOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource else { return node.keepWhole() }
        node.ties.tie(node.result, .result(source))
        for (place, role) in [ChannelSets.Role.scale, .shift, .statistic, .statistic].enumerated() {
            node.tieVector(1 + place, role)
        }
    }
}
