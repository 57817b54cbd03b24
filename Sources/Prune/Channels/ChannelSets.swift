import Graph
import TensorCore

/// Which channels of a network can only be cut together.
///
/// Channels are places on axes: of a step's result, and of the tensors that it reads. A convolution ties the places of
/// its weights' input axis to those of its input, a sum ties the places of both operands, joined parts keep their own.
/// What is tied, directly or through others, is one set (dependency graph of Fang et al., arXiv 2301.12900).
struct ChannelSets {
    /// An axis along which channels are counted.
    enum Axis: Hashable {
        /// The last axis of a step's result.
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

    /// Finds the sets of a network.
    ///
    /// - Parameter graph: as traced.
    /// - Throws: `GraphError` for an operation that only learning takes.
    init(_ graph: NetworkGraph) throws {
        try graph.requireInference()
        var ties = Ties()
        for (index, node) in graph.nodes.enumerated() { ties.declare(.result(index), node.shape.extents.last ?? 1) }
        for (index, node) in graph.nodes.enumerated() {
            var tying = ChannelTying(graph, index, ties, roles)
            if let residual = node.residual { tying.ties.tie(.result(index), .result(residual)) }
            if let operation = node.operation { tying.tie(operation) }
            (ties, roles) = (tying.ties, tying.roles)
        }
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
