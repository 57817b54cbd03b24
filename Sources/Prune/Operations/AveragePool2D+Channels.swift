import Autograd

extension AveragePool2DOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) { node.passThrough() }
}
