import Autograd

extension MultiplyOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) { node.passThrough() }
}
