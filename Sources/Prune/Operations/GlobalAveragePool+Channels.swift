import Autograd

extension GlobalAveragePoolOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) { node.passThrough() }
}
