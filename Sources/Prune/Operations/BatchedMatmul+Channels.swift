import Autograd
import TensorCore

extension BatchedMatmulOperation: ChannelMoving {
    /// Channels along an axis that both operands have before their matrices, such as heads, are cut whole: every
    /// product is a sum over a head's channels.
    func moveChannels(_ node: inout ChannelTying) {
        let sources = node.node.sources
        guard sources.count == 2, node.node.tensors.isEmpty else { return node.keepWhole() }
        let own = sources.map { node.axes[$0].axes }
        let heads = own[0].filter { $0 < -2 }
        let extents = sources.map { node.graph.nodes[$0].extentsOfOne }
        guard !heads.isEmpty, heads == own[1].filter({ $0 < -2 }), !own[0].contains(-2),
            extents[0].dropLast(2) == extents[1].dropLast(2)
        else { return node.keepWhole() }
        let result = ChannelAxes(axes: heads + (own[1].contains(-1) ? [-1] : []))
        node.layOut(result)
        var first: [[Int]: Int] = [:]
        func tieHeads(_ axis: ChannelSets.Axis, _ axes: ChannelAxes, _ extents: [Int]) {
            for channel in 0..<extents.reduce(1, *) {
                let places = zip(axes.axes, ChannelAxes.places(of: channel, extents))
                let head = heads.map { head in places.first { $0.0 == head }?.1 ?? 0 }
                if let anchor = first[head] {
                    node.ties.tie(node.result, anchor, axis, channel)
                } else {
                    first[head] = channel
                }
            }
        }
        // The result comes first: it holds what the others are tied to.
        tieHeads(node.result, result, result.extents(in: node.node))
        for source in sources {
            tieHeads(.result(source), node.axes[source], node.axes[source].extents(in: node.graph.nodes[source]))
        }
    }
}
