import Autograd
import Graph
import TensorCore

extension SliceOperation: ChannelMoving {
    func moveChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource else { return node.keepWhole() }
        let own = node.axes[source]
        let rank = node.node.extentsOfOne.count
        let extents = own.extents(in: node.graph.nodes[source])
        node.layOut(own)
        guard let number = own.axes.firstIndex(of: axis < 0 ? axis : axis - rank) else {
            return node.ties.tie(node.result, .result(source))
        }
        let result = own.extents(in: node.node)
        for channel in 0..<extents.reduce(1, *) {
            var places = ChannelAxes.places(of: channel, extents)
            guard (start..<end).contains(places[number]) else { continue }
            places[number] -= start
            node.ties.tie(node.result, ChannelAxes.channel(at: places, result), .result(source), channel)
        }
    }

    func cutting(
        source: (_ axis: Int) -> Set<Int>, result: (_ axis: Int) -> Set<Int>, of node: NetworkGraph.Node,
        sourceRank: Int
    ) -> Self {
        let cut = source(axis < 0 ? axis : axis - sourceRank)
        let first = start - cut.count { $0 < start }
        return SliceOperation(axis: axis, range: first..<max(first, end - cut.count { $0 < end }))
    }
}
