import Autograd
import Graph
import TensorCore

/// Which channels of a network can only be cut together.
///
/// Channels are places on axes: of a step's result, and of the tensors that it reads. A convolution ties the places of its
/// weights' input axis to those of its input, a sum ties the places of both operands, joined parts keep their own. What is
/// tied, directly or through others, is one set (dependency graph of Fang et al., arXiv 2301.12900).
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
        var ties = Ties()
        for (index, node) in graph.nodes.enumerated() { ties.declare(.result(index), node.shape.extents.last ?? 1) }
        for index in graph.nodes.indices { try tie(graph, index, &ties) }
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

    private mutating func tie(_ graph: NetworkGraph, _ index: Int, _ ties: inout Ties) throws {
        let node = graph.nodes[index]
        let result = Axis.result(index)
        let count = node.shape.extents.last ?? 1
        if let residual = node.residual { ties.tie(result, .result(residual)) }
        switch node.operation {
        case nil: break
        case .convolution2D(let geometry):
            guard let source = node.soleSource, let weights = node.path(of: 1) else { return pin(graph, index, &ties) }
            tieConvolution(geometry, weights, source, result, &ties)
            tieVector(node, 2, .bias, result, &ties)
        case .dense:
            guard let source = node.soleSource, let weights = node.path(of: 1) else { return pin(graph, index, &ties) }
            tieFilters(weights, rank: 2, inputs: graph.nodes[source].shape.elementCount, count, result, &ties)
            ties.tie(.tensor(path: weights, axis: 0), .result(source))
            tieVector(node, 2, .bias, result, &ties)
        case .batchNorm:
            guard let source = node.soleSource else { return pin(graph, index, &ties) }
            ties.tie(result, .result(source))
            for (place, role) in [Role.scale, .shift, .statistic, .statistic].enumerated() {
                tieVector(node, 1 + place, role, result, &ties)
            }
        case .relu, .sigmoid, .tanh, .scale, .maxPool2D, .averagePool2D, .globalAveragePool, .add, .multiply:
            guard node.tensors.isEmpty else { return pin(graph, index, &ties) }
            for source in node.sources { ties.tie(result, .result(source)) }
        case .concatenate(let axis):
            guard node.tensors.isEmpty else { return pin(graph, index, &ties) }
            var start = 0
            for source in node.sources {
                ties.tie(.result(source), result, offset: start)
                // The batch axis counts here, and not in a node's shape.
                if axis == node.shape.rank { start += graph.nodes[source].shape.extents.last ?? 1 }
            }
        case .flatten:
            guard let source = node.soleSource else { return pin(graph, index, &ties) }
            let channels = graph.nodes[source].shape.extents.last ?? 1
            for start in stride(from: 0, to: count, by: max(channels, 1)) {
                ties.tie(.result(source), result, offset: start)
            }
        case .softmax, .logSoftmax: pin(graph, index, &ties)  // a channel less changes the others
        case .learning(let name): throw GraphError(operation: name, reason: "is no operation of inference")
        }
    }

    /// Everything that a step reads and gives stays whole.
    private func pin(_ graph: NetworkGraph, _ index: Int, _ ties: inout Ties) {
        ties.pin(.result(index))
        for source in graph.nodes[index].sources { ties.pin(.result(source)) }
        for case .tensor(let tensor, let path?) in graph.nodes[index].operands {
            for (axis, extent) in tensor.shape.enumerated() {
                ties.declare(.tensor(path: path, axis: axis), extent)
                ties.pin(.tensor(path: path, axis: axis))
            }
        }
    }

    private mutating func tieConvolution(
        _ geometry: Conv2DGeometry, _ weights: String, _ source: Int, _ result: Axis, _ ties: inout Ties
    ) {
        let (groups, outputs) = (geometry.groups, geometry.outputChannels)
        let perGroup = geometry.inputChannels / groups
        tieFilters(weights, rank: 4, inputs: perGroup, outputs, result, &ties)
        if groups > 1 && perGroup == 1 {
            // Depthwise: a channel goes with the filters that read it.
            let filters = outputs / groups
            for output in 0..<outputs { ties.tie(result, output, .result(source), output / filters) }
        } else {
            // Every group loses the same places, so that groups stay alike.
            for group in 0..<groups {
                ties.tie(.tensor(path: weights, axis: 2), .result(source), offset: group * perGroup)
            }
            for output in 0..<outputs { ties.tie(result, output, result, output % (outputs / groups)) }
        }
    }

    /// The last axis of the weights is the result's; the one before it is declared alone.
    private mutating func tieFilters(
        _ path: String, rank: Int, inputs: Int, _ outputs: Int, _ result: Axis, _ ties: inout Ties
    ) {
        roles[path] = .weight
        ties.declare(.tensor(path: path, axis: rank - 2), inputs)
        ties.declare(.tensor(path: path, axis: rank - 1), outputs)
        ties.tie(.tensor(path: path, axis: rank - 1), result)
        // The input axis of a depthwise convolution has one place, which nothing is tied to.
        if inputs == 1 { ties.pin(.tensor(path: path, axis: rank - 2)) }
    }

    /// A tensor with one number a channel; one that is not a parameter cannot be cut, so its channels stay.
    private mutating func tieVector(
        _ node: NetworkGraph.Node, _ operand: Int, _ role: Role, _ result: Axis, _ ties: inout Ties
    ) {
        guard node.operands.count > operand else { return }
        guard let path = node.path(of: operand) else { return ties.pin(result) }
        let axis = Axis.tensor(path: path, axis: 0)
        roles[path] = role
        ties.declare(axis, node.shape.extents.last ?? 1)
        ties.tie(axis, result)
    }
}

extension NetworkGraph.Node {
    /// The node that the first operand is.
    fileprivate var soleSource: Int? { if case .node(let source)? = operands.first { source } else { nil } }

    /// The path of an operand that is a parameter.
    fileprivate func path(of operand: Int) -> String? {
        if case .tensor(_, let path)? = operands.dropFirst(operand).first { path } else { nil }
    }
}

/// Places on axes, and which of them are tied: union-find with halved paths.
private struct Ties {
    private(set) var axes: [(axis: ChannelSets.Axis, first: Int)] = []
    private(set) var extents: [ChannelSets.Axis: Int] = [:]
    private var firsts: [ChannelSets.Axis: Int] = [:]
    private var parents: [Int] = []
    /// For the root of each set whether it must stay.
    private(set) var isPinned: [Bool] = []

    /// Makes an axis known; one that two steps read is the same axis.
    mutating func declare(_ axis: ChannelSets.Axis, _ extent: Int) {
        guard firsts[axis] == nil else { return }
        axes.append((axis, parents.count))
        firsts[axis] = parents.count
        extents[axis] = extent
        parents += parents.count..<parents.count + extent
        isPinned += Array(repeating: false, count: extent)
    }

    mutating func root(_ place: Int) -> Int {
        var place = place
        while parents[place] != place {
            parents[place] = parents[parents[place]]
            place = parents[place]
        }
        return place
    }

    /// Ties two places.
    mutating func tie(_ a: ChannelSets.Axis, _ placeOfA: Int, _ b: ChannelSets.Axis, _ placeOfB: Int) {
        guard let first = firsts[a], let second = firsts[b] else { return }
        let (x, y) = (root(first + placeOfA), root(second + placeOfB))
        parents[max(x, y)] = min(x, y)
        isPinned[min(x, y)] = isPinned[x] || isPinned[y]
    }

    /// Ties each place of an axis to one of another, from an offset on.
    mutating func tie(_ a: ChannelSets.Axis, _ b: ChannelSets.Axis, offset: Int = 0) {
        for place in 0..<(extents[a] ?? 0) { tie(a, place, b, offset + place) }
    }

    /// Every place of an axis stays.
    mutating func pin(_ axis: ChannelSets.Axis) {
        guard let first = firsts[axis] else { return }
        for place in 0..<(extents[axis] ?? 0) { isPinned[root(first + place)] = true }
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
