import Graph
import Layers
import TensorCore

/// Which channels of a network can only be cut together.
///
/// Channels are places on axes: of a step's result, and of the tensors that it reads. A convolution ties the places of
/// its weights' input axis to those of its input, a sum ties the places of both operands, joined parts keep their own.
/// What is tied, directly or through others, is one set (dependency graph of Fang et al., arXiv 2301.12900).
struct ChannelSets {
    /// An axis along which channels are counted.
    enum Axis: Hashable {
        /// The channels of a step's result, mostly its last axis: ``axes`` says which.
        case result(Int)
        /// An axis of a stored tensor.
        case tensor(path: String, axis: Int)
    }

    /// Channels that are cut together.
    struct Unit {
        var places: [Axis: [Int]] = [:]
    }

    /// What a stored tensor is in the network.
    enum Role { case weight, bias, scale, shift, statistic }

    /// Units that lie on the same axes, such as the channels of one layer; only those that may be cut.
    private(set) var families: [[Unit]] = []
    /// Tensors along whose last axis channels lie, by path.
    private(set) var roles: [String: Role] = [:]
    /// The extent of each axis.
    private(set) var extents: [Axis: Int] = [:]

    /// For each step the axes of its result that channels are counted along.
    private(set) var axes: [ChannelAxes]

    /// Finds the sets of a network.
    ///
    /// - Parameters:
    ///   - module: the network. One that is a graph is cut within reshapes and slices too, as between heads of
    ///     attention; a Swift type may count on the extents that it has there.
    ///   - inputShape: extents of an image, [H, W, C].
    /// - Throws: `GraphError` for a network that no graph represents.
    init(_ module: some Module, inputShape: Shape) throws {
        try self.init(NetworkGraph(tracing: module, inputShape: inputShape), movingChannels: module is TracedNetwork)
    }

    /// Finds the sets of a network.
    ///
    /// - Parameters:
    ///   - graph: as traced.
    ///   - movingChannels: whether channels may lie on other axes than the last.
    /// - Throws: `GraphError` for an operation that only learning takes.
    init(_ graph: NetworkGraph, movingChannels: Bool) throws {
        try graph.requireInference()
        var tying = ChannelTying(graph)
        for index in graph.nodes.indices { tying.tieNode(index, movingChannels: movingChannels) }
        var ties = tying.ties
        (roles, axes) = (tying.roles, tying.axes)
        for (index, node) in graph.nodes.enumerated() { ties.tieSlabs(.result(index), axes[index].extents(in: node)) }
        ties.pin(.result(0))
        ties.pin(.result(graph.output))
        extents = ties.extents

        var units: [Int: Unit] = [:]
        var order: [Int] = []
        for (axis, first) in ties.axes {
            for place in 0..<(extents[axis] ?? 0) {
                let root = ties.root(first + place)
                guard !ties.isPinned[root] else { continue }
                if units[root] == nil { order.append(root) }
                units[root, default: Unit()].places[axis, default: []].append(place)
            }
        }
        var numbers: [Set<Axis>: Int] = [:]
        for root in order {
            guard let unit = units[root] else { continue }
            let axes = Set(unit.places.keys)
            if let number = numbers[axes] {
                families[number].append(unit)
            } else {
                numbers[axes] = families.count
                families.append([unit])
            }
        }
    }

    /// The units of a family that have a score, the least important first.
    ///
    /// NaN counts as large: its layer is broken, and pruning must not hide that.
    static func ranked(_ family: [Unit], _ scores: [Double?]) -> [(score: Double, unit: Unit)] {
        zip(family, scores).compactMap { unit, score in score.map { (score: $0.isNaN ? .infinity : $0, unit: unit) } }
            .enumerated().sorted { ($0.element.score, $0.offset) < ($1.element.score, $1.offset) }.map(\.element)
    }
}

/// Places of axes that are cut.
extension [ChannelSets.Axis: Set<Int>] {
    mutating func insert(_ unit: ChannelSets.Unit) {
        for (axis, places) in unit.places { self[axis, default: []].formUnion(places) }
    }

    mutating func remove(_ unit: ChannelSets.Unit) {
        for (axis, places) in unit.places { self[axis]?.subtract(places) }
    }
}
