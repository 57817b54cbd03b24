import Autograd

extension MaxPool2DOperation: ChannelTied {
    public func tieChannels(_ node: inout ChannelTying) { node.passThrough() }
}
