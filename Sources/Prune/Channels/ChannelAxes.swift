import Autograd
import Graph
import TensorCore

/// The axes of a result that its channels are counted along: the last one, but where attention has split it into heads
/// and their channels, or a shuffle into groups.
///
/// A channel's number counts through these axes in their order, the last one fastest, wherever a transpose has put
/// them.
struct ChannelAxes: Hashable {
    /// Each counted from the end: −1 is the last.
    let axes: [Int]

    static let last = ChannelAxes(axes: [-1])

    /// The extents of these axes in a node's result.
    func extents(in node: NetworkGraph.Node) -> [Int] { axes.map { node.extent(ofAxis: $0) } }

    /// The place on each axis that a channel's number stands for.
    static func places(of channel: Int, _ extents: [Int]) -> [Int] {
        var rest = channel
        return extents.reversed().map { extent in
            defer { rest /= max(extent, 1) }
            return rest % max(extent, 1)
        }.reversed()
    }

    /// The number of the channel at a place on each axis.
    static func channel(at places: [Int], _ extents: [Int]) -> Int {
        zip(places, extents).reduce(0) { $0 * $1.1 + $1.0 }
    }

    /// Which places along an axis are cut, where channels are: those of which no channel is left.
    func cutPlaces(along axis: Int, in node: NetworkGraph.Node, cutting channels: Set<Int>) -> Set<Int> {
        guard let number = axes.firstIndex(of: axis) else { return [] }
        let extents = extents(in: node)
        var left = Set(0..<extents[number])
        for channel in 0..<extents.reduce(1, *) where !channels.contains(channel) {
            left.remove(Self.places(of: channel, extents)[number])
        }
        return left
    }
}

/// An operation after which channels may lie on other axes than the last.
///
/// Its attributes say which extents its operand has, so that they change with the channels that are cut: only a network
/// that is a graph can be cut here.
protocol ChannelMoving: GraphOperation {
    /// Lays out the channels of the result and ties them to those of the operands.
    func moveChannels(_ node: inout ChannelTying)

    /// The same operation on operands with fewer channels.
    ///
    /// - Parameters:
    ///   - source: by axis of the first operand, counted from its end, the places that it loses.
    ///   - result: the same of the result.
    ///   - node: as it was.
    func cutting(
        source: (_ axis: Int) -> Set<Int>, result: (_ axis: Int) -> Set<Int>, of node: NetworkGraph.Node,
        sourceRank: Int
    ) -> Self
}

extension ChannelMoving {
    func cutting(
        source: (_ axis: Int) -> Set<Int>, result: (_ axis: Int) -> Set<Int>, of node: NetworkGraph.Node,
        sourceRank: Int
    ) -> Self { self }
}

extension NetworkGraph.Node {
    /// Extents of the result for a batch of one, the batch's axis among them.
    var extentsOfOne: [Int] { extents.shape(batch: 1)?.extents ?? [] }

    /// The extent of an axis, counted from the end.
    func extent(ofAxis axis: Int) -> Int {
        let all = extentsOfOne
        return all.count + axis >= 0 ? all[all.count + axis] : 1
    }
}

extension NetworkGraph {
    /// The network without some channels: smaller tensors, and operations that fit them.
    ///
    /// - Parameters:
    ///   - removed: places on axes.
    ///   - axes: for each node those of its channels.
    /// - Throws: `GraphError` where the rest does not fit together.
    func leavingOut(_ removed: [ChannelSets.Axis: Set<Int>], _ axes: [ChannelAxes]) throws -> NetworkGraph {
        let smaller = nodes.enumerated().map { index, node in
            var copy = node
            copy.operands = node.operands.map { operand in
                guard case .tensor(let tensor, let path?) = operand else { return operand }
                return .tensor(tensor.leavingOut(removed, of: path), path: path)
            }
            func places(_ node: Int, _ axis: Int) -> Set<Int> {
                axes[node].cutPlaces(along: axis, in: nodes[node], cutting: removed[.result(node)] ?? [])
            }
            if let operation = node.operation?.base as? any ChannelMoving, let source = node.sources.first {
                copy.operation = AnyOperation(
                    operation.cutting(
                        source: { places(source, $0) }, result: { places(index, $0) }, of: node,
                        sourceRank: nodes[source].extentsOfOne.count))
            }
            return copy
        }
        return try NetworkGraph(nodes: smaller, output: output)
    }
}
