import Autograd
import Graph
import TensorCore

extension ReshapeOperation: ChannelMoving {
    /// Axes that are split or joined among themselves take their channels along, as heads of attention and groups of a
    /// shuffle do; channels that are joined with other axes stay whole.
    func moveChannels(_ node: inout ChannelTying) {
        guard let source = node.soleSource else { return node.keepWhole() }
        let (from, to) = (node.graph.nodes[source].extentsOfOne, node.node.extentsOfOne)
        let own = node.axes[source]
        let channelAxes = Set(own.axes.map { from.count + $0 }.filter { from[$0] > 1 })
        let groups = Self.groups(from, to).filter { !channelAxes.isDisjoint(with: $0.from) }
        guard !groups.isEmpty, groups.allSatisfy({ channelAxes.isSuperset(of: $0.from) }),
            groups.allSatisfy({ node.node.extents.growingAxis.map($0.to.contains) != true })
        else { return node.keepWhole() }
        node.layOut(ChannelAxes(axes: groups.flatMap(\.to).map { $0 - to.count }))
        let extents = own.extents(in: node.graph.nodes[source])
        for channel in 0..<extents.reduce(1, *) {
            let places = Dictionary(
                uniqueKeysWithValues: zip(own.axes.map { from.count + $0 }, ChannelAxes.places(of: channel, extents)))
            let place = groups.reduce(0) { sum, group in
                group.from.reduce(sum) { $0 * from[$1] + (places[$1] ?? 0) }
            }
            node.ties.tie(node.result, place, .result(source), channel)
        }
    }

    func cutting(
        source: (_ axis: Int) -> Set<Int>, result: (_ axis: Int) -> Set<Int>, of node: NetworkGraph.Node,
        sourceRank: Int
    ) -> Self {
        ReshapeOperation(
            extents: extents.enumerated().map { axis, extent in
                extent == -1 ? -1 : extent - result(axis - extents.count).count
            })
    }

    /// Axes of more than one place, in groups that hold the same elements in both shapes.
    private static func groups(_ from: [Int], _ to: [Int]) -> [(from: [Int], to: [Int])] {
        var (left, right) = (from.indices.filter { from[$0] != 1 }[...], to.indices.filter { to[$0] != 1 }[...])
        var groups: [(from: [Int], to: [Int])] = []
        while let first = left.popFirst(), let second = right.popFirst() {
            var group = (from: [first], to: [second])
            var (before, after) = (from[first], to[second])
            while before != after {
                if before < after, let next = left.popFirst() {
                    group.from.append(next)
                    before *= from[next]
                } else if before > after, let next = right.popFirst() {
                    group.to.append(next)
                    after *= to[next]
                } else {
                    return []
                }
            }
            groups.append(group)
        }
        return groups
    }
}
