import Graph
import Layers
import TensorCore

/// What a pruned network may cost.
public enum PruningBudget: Sendable, Hashable {
    /// A share of the network's multiply-adds for an image, above 0 and at most 1.
    case multiplyAdds(Double)
    /// Bytes of all its tensors in FP32; in INT8 it is a quarter.
    case bytes(Int)
    /// Seconds for one image as the `InferencePlan` takes them here and now, above 0: the median of many passes. What
    /// else the machine does counts, so leave it alone meanwhile.
    case latency(Double)
}

/// A network cannot be pruned as asked.
public enum PruningError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The budget is below what is left when every layer keeps as few channels as it may.
    case unreachable(budget: PruningBudget, closest: PruningBudget)

    public var description: String {
        switch self {
        case .unreachable(let budget, let closest): "\(budget.text) cannot be reached: at least \(closest.text) remain"
        }
    }
}

extension PruningBudget {
    /// Whether this cost is within a budget of the same kind.
    fileprivate func fits(_ budget: PruningBudget) -> Bool {
        switch (self, budget) {
        case (.multiplyAdds(let cost), .multiplyAdds(let limit)): cost <= limit
        case (.bytes(let cost), .bytes(let limit)): cost <= limit
        case (.latency(let cost), .latency(let limit)): cost <= limit
        default: false
        }
    }

    fileprivate var text: String {
        switch self {
        case .multiplyAdds(let share): "\((share * 1e4).rounded() / 1e4) of the multiply-adds"
        case .bytes(let bytes): bytes.counted("byte")
        case .latency(let seconds):
            seconds < 1e-7 ? "less than 0.0001 ms an image" : "\((seconds * 1e7).rounded() / 1e4) ms an image"
        }
    }
}

extension Module {
    /// The network with its least important filters cut out: a network of the same type, with smaller tensors.
    ///
    /// Whatever reads a cut channel loses its weights for it: normalisations, biases, the next layers, behind a flatten
    /// too. Channels that are added to each other go together, joined ones need not; groups of a convolution lose the
    /// same places, and a depthwise one goes with its input. Every layer keeps a channel. The network is traced, so any
    /// module can be pruned whose layers take their sizes from their weights, as ours do. It is trained on as any
    /// network; batch statistics and weights want it, ideally under the unpruned network as teacher.
    ///
    ///     let small = try student.pruned(to: .multiplyAdds(0.5), inputShape: [28, 28, 1], channelMultiple: 8)
    ///
    /// - Parameters:
    ///   - budget: what the result may cost; no cut is made that it does not need.
    ///   - inputShape: extents of an image, [H, W, C].
    ///   - importance: what tells which filters go.
    ///   - channelMultiple: layers that are cut keep a multiple of so many channels, since kernels compute 8 or 16 at
    ///     once: layers of 11 channels take about the time of 16.
    ///   - images: inputs as the network takes them, [N, H, W, C], some hundred: each layer's weights then make up for
    ///     the inputs that it lost, as in ``PruningMask/apply(to:compensatingOn:)``. Nil to leave them as they are.
    /// - Throws: ``PruningError`` for a budget that cannot be met, with the closest that can; `GraphError` for a
    ///   network that no graph represents.
    public func pruned(
        to budget: PruningBudget, inputShape: Shape, by importance: FilterImportance = .l1, channelMultiple: Int = 1,
        compensatingOn images: Tensor? = nil
    ) throws -> Self {
        let cuts = try FilterCuts(
            of: self, inputShape: inputShape, to: budget, by: importance, channelMultiple: channelMultiple)
        var smaller = try leavingOut(cuts.removed, of: cuts.sets)
        if let images {
            let removed = parameters.map { path, parameter in
                (path, cuts.removed[.tensor(path: path, axis: parameter.value.shape.rank - 1)] ?? [])
            }
            try smaller.compensate(for: self, on: images, removed: Dictionary(uniqueKeysWithValues: removed))
        }
        return smaller
    }

    /// The network without some places of its tensors' axes.
    func leavingOut(_ removed: [ChannelSets.Axis: Set<Int>], of sets: ChannelSets) throws -> Self {
        if let traced = self as? TracedNetwork,
            let smaller = try TracedNetwork(traced.graph().leavingOut(removed, sets.axes)) as? Self
        {
            return smaller
        }
        var smaller = self
        smaller.forEachParameter { $1.value = $1.value.leavingOut(removed, of: $0) }
        return smaller
    }
}

/// Which places of which axes are cut to meet a budget.
struct FilterCuts {
    let sets: ChannelSets
    private(set) var removed: [ChannelSets.Axis: Set<Int>] = [:]

    init(
        of module: some Module, inputShape: Shape, to budget: PruningBudget, by importance: FilterImportance,
        channelMultiple: Int
    ) throws {
        require(channelMultiple > 0, "pruned: channelMultiple \(channelMultiple), 1 or more expected")
        if case .multiplyAdds(let share) = budget {
            require(share > 0 && share <= 1, "pruned: share \(share) of multiply-adds, above 0 and at most 1 expected")
        }
        if case .latency(let seconds) = budget {
            require(seconds > 0, "pruned: \(seconds) seconds for an image, above 0 expected")
        }
        let graph = try NetworkGraph(tracing: module, inputShape: inputShape)
        sets = try ChannelSets(graph, movingChannels: module is TracedNetwork)
        let tensors = module.tensors
        let whole = Double(graph.multiplyAdds)
        func cost() throws -> PruningBudget {
            switch budget {
            case .multiplyAdds: .multiplyAdds(whole > 0 ? Double(multiplyAdds(graph)) / whole : 1)
            case .bytes: .bytes(MemoryLayout<Float>.size * tensors.reduce(0) { $0 + count($1.key, $1.value.shape) })
            case .latency: .latency(try module.leavingOut(removed, of: sets).secondsForAnImage(of: inputShape))
            }
        }
        let order = Self.order(sets, importance.scores(of: sets, in: tensors), channelMultiple, tensors)
        var (few, many) = (0, order.count)
        // By halves, as a pass has to be measured for each try: the fewest cuts that fit.
        while few < many {
            let middle = (few + many) / 2
            removed = [:]
            for unit in order[..<middle].flatMap(\.units) { removed.insert(unit) }
            if try cost().fits(budget) { many = middle } else { few = middle + 1 }
        }
        removed = [:]
        for unit in order[..<few].flatMap(\.units) { removed.insert(unit) }
        let closest = try cost()
        guard few < order.count || closest.fits(budget) else {
            throw PruningError.unreachable(budget: budget, closest: closest)
        }
        // What comes back is not measured: no clock can tell it.
        if case .latency = budget { return }
        // The last cuts may have been of cheap layers, or one of a dear layer more than was needed: the most important
        // that still fit come back. Of a family only the last cut can, so that its least important ones stay cut.
        var closed: Set<Int> = []
        for block in order[..<few].reversed() where !closed.contains(block.family) {
            for unit in block.units { removed.remove(unit) }
            guard try !cost().fits(budget) else { continue }
            for unit in block.units { removed.insert(unit) }
            closed.insert(block.family)
        }
    }

    /// Units of one family that are cut in one step.
    private struct Block {
        let family: Int
        let score: Double
        let units: [ChannelSets.Unit]
    }

    /// Blocks of units in the order in which they go. Within a family the least important go first, and one block
    /// stays.
    private static func order(
        _ sets: ChannelSets, _ scores: [[Double?]], _ channelMultiple: Int, _ tensors: [String: Tensor]
    ) -> [Block] {
        var blocks: [Block] = []
        for (number, (family, scores)) in zip(sets.families, scores).enumerated() {
            let multiple = family[0].multiple(for: channelMultiple, in: tensors)
            var left = ChannelSets.ranked(family, scores)[...]
            let fixed = family.count - left.count
            while true {
                let odd = (left.count + fixed) % multiple
                let size = odd == 0 ? multiple : odd
                // What stays is one unit at least, and a whole multiple.
                guard left.count + fixed > size, left.count >= size else { break }
                let block = left.prefix(size)
                let score = block.reduce(0) { $0 + $1.score } / Double(size)
                blocks.append(Block(family: number, score: score, units: block.map(\.unit)))
                left = left.dropFirst(size)
            }
        }
        return blocks.enumerated().sorted { ($0.element.score, $0.offset) < ($1.element.score, $1.offset) }
            .map(\.element)
    }

    /// Elements that a tensor keeps.
    private func count(_ path: String, _ shape: Shape) -> Int {
        shape.enumerated().reduce(1) { $0 * ($1.element - (removed[.tensor(path: path, axis: $1.offset)]?.count ?? 0)) }
    }

    private func multiplyAdds(_ graph: NetworkGraph) -> Int {
        graph.nodes.enumerated().reduce(0) { sum, step in
            let (index, node) = step
            let own = graph.multiplyAdds(of: node)
            guard own > 0, case .tensor(let weights, let path?)? = node.operands.dropFirst().first else {
                // Each channel, as a head of attention, takes as much as every other.
                guard let extent = sets.extents[.result(index)], let cut = removed[.result(index)] else {
                    return sum + own
                }
                return sum + own / extent * (extent - cut.count)
            }
            // Each weight is used as often as every other.
            return sum + own / weights.count * count(path, weights.shape)
        }
    }
}

extension ChannelSets.Unit {
    /// How many units hold a multiple of some number of channels: one, where a unit is a whole head of attention.
    fileprivate func multiple(for channels: Int, in tensors: [String: Tensor]) -> Int {
        var (rest, divisor) = (lastPlaces(of: tensors).map(\.places.count).max() ?? 1, channels)
        while rest > 0 { (rest, divisor) = (divisor % rest, rest) }
        return channels / divisor
    }
}

extension Tensor {
    /// The tensor without what is cut from the parameter of a path.
    func leavingOut(_ removed: [ChannelSets.Axis: Set<Int>], of path: String) -> Tensor {
        shape.indices.reduce(self) { tensor, axis in
            removed[.tensor(path: path, axis: axis)].map { tensor.leavingOut($0, axis: axis) } ?? tensor
        }
    }

    /// The tensor without some places of an axis.
    func leavingOut(_ places: Set<Int>, axis: Int) -> Tensor {
        var extents = shape.extents
        let kept = (0..<extents[axis]).filter { !places.contains($0) }
        let inner = extents[(axis + 1)...].reduce(1, *)
        let outer = extents[..<axis].reduce(1, *)
        let values = scalars
        var result: [Float] = []
        result.reserveCapacity(outer * kept.count * inner)
        for row in 0..<outer {
            for place in kept {
                let start = (row * extents[axis] + place) * inner
                result += values[start..<start + inner]
            }
        }
        extents[axis] = kept.count
        return Tensor(result, shape: Shape(extents))
    }
}

extension Module {
    /// What one image takes, batch of one: the median of passes within a tenth of a second, at least five.
    func secondsForAnImage(of shape: Shape) throws -> Double {
        let graph = try NetworkGraph(tracing: self, inputShape: shape).foldingBatchNorm().fusingActivations()
        let (plan, image) = (try InferencePlan(graph), Tensor.ones(Shape([1] + shape.extents)))
        for _ in 0..<3 { _ = plan(image) }
        let clock = ContinuousClock()
        let start = clock.now
        var times: [Duration] = []
        while times.count < 5 || start.duration(to: clock.now) < .milliseconds(100) {
            times.append(clock.measure { _ = plan(image) })
        }
        return times.sorted()[times.count / 2] / .seconds(1)
    }
}
