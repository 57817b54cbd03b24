import Autograd

extension SoftmaxOperation: ChannelMoving {
    /// Channels on other axes than that of the sum pass.
    func moveChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource, !node.axes[source].axes.contains(-1) else { return node.keepWhole() }
        node.passThrough()
    }
}
