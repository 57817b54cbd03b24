import Autograd
import TensorCore

extension TransposeOperation: ChannelMoving {
    func moveChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource else { return node.keepWhole() }
        let rank = order.count
        let moved = node.axes[source].axes.compactMap { axis in order.firstIndex(of: rank + axis).map { $0 - rank } }
        node.layOut(ChannelAxes(axes: moved))
        node.ties.tie(node.result, .result(source))
    }
}
