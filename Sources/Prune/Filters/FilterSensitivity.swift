import Graph
import Layers
import TensorCore

/// What a network is still worth without some filters of one layer.
public struct FilterSensitivity: Sendable, Equatable {
    /// The paths of the weights whose filters go together; more than one where results are added.
    public let layers: [String]
    /// Filters that can be cut, one at least is kept.
    public let filters: Int
    /// The share that was to be cut, how many that was, and what the network without them is worth.
    public let trials: [Trial]

    /// One cut.
    public struct Trial: Sendable, Equatable {
        /// Of the filters, 0 ... 1.
        public let share: Double
        /// Filters that were cut.
        public let cut: Int
        /// As the caller's closure rated it.
        public let score: Double
    }
}

extension Module {
    /// How much each layer can spare: the least important filters of one layer are cut, the others stay, nothing is
    /// trained.
    ///
    ///     let scan = try student.filterSensitivity(inputShape: [28, 28, 1]) { evaluate($0) }
    ///
    /// - Parameters:
    ///   - shares: of a layer's filters, each in 0 ... 1.
    ///   - inputShape: extents of an image, [H, W, C].
    ///   - importance: what tells which filters go.
    ///   - score: rates a network, by its accuracy on validation data for instance.
    /// - Returns: an entry for each set of filters that can be cut by itself, in the network's order.
    /// - Throws: `GraphError` for a network that no graph represents, and what the closure throws.
    public func filterSensitivity(
        cutting shares: [Double] = [0.25, 0.5, 0.75], inputShape: Shape, by importance: FilterImportance = .l1,
        score: (Self) throws -> Double
    ) throws -> [FilterSensitivity] {
        require(
            shares.allSatisfy { (0...1).contains($0) }, "filterSensitivity: shares \(shares), 0 ... 1 expected")
        let sets = try ChannelSets(self, inputShape: inputShape)
        let tensors = tensors
        let scores = importance.scores(of: sets, in: tensors)
        return try zip(sets.families, scores).map { family, scores in
            let ranked = ChannelSets.ranked(family, scores)
            let trials = try shares.map { share in
                let cut = min(Int((share * Double(family.count)).rounded()), ranked.count, family.count - 1)
                var removed: [ChannelSets.Axis: Set<Int>] = [:]
                for (_, unit) in ranked[..<cut] { removed.insert(unit) }
                return FilterSensitivity.Trial(share: share, cut: cut, score: try score(leavingOut(removed, of: sets)))
            }
            return FilterSensitivity(
                layers: sets.weights(of: family, in: tensors), filters: family.count, trials: trials)
        }
    }
}

extension ChannelSets {
    /// The weights whose last axis a family's channels lie on, in the order of their paths.
    fileprivate func weights(of family: [Unit], in tensors: [String: Tensor]) -> [String] {
        (family.first?.places.keys).map { axes in
            axes.compactMap { axis in
                guard case .tensor(let path, let number) = axis, roles[path] == .weight,
                    number + 1 == tensors[path]?.shape.rank
                else { return nil }
                return path
            }.sorted()
        } ?? []
    }
}
