import Autograd
import TensorCore

extension PReLUOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource, case .tensor(let slope, _)? = node.node.operands.last else {
            return node.keepWhole()
        }
        switch slope.shape {
        // The slope goes with the channel, and says nothing of the channel's worth.
        case [node.channels]: node.tieVector(1, .statistic)
        // One slope for all channels is read by those that are left.
        case [1], []: break
        default: return node.keepWhole()
        }
        node.ties.tie(node.result, .result(source))
    }
}
