import Graph
import Layers
import TensorCore

/// What a smaller network may cost, and how it becomes so: `flops:0.5`, `bytes:30000`, `latency:0.2`, `zeros:0.8`,
/// `rank:0.6`, `energy:0.95`.
package struct PruningTarget: CustomStringConvertible {
    private enum Kind {
        case filters(PruningBudget)
        case zeros(Double)
        case lowRank(FactorizationBudget)
    }

    private let kind: Kind
    package let description: String

    /// Whether whole filters go.
    package var cutsFilters: Bool { if case .filters = kind { true } else { false } }

    /// Reads a target.
    ///
    /// - Throws: `ConfigurationError` for text that is none.
    package init(_ text: String) throws(ConfigurationError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch (parts.count, parts.first, parts.last.flatMap { Double($0) }) {
        case (2, "flops", let share?) where share > 0 && share <= 1: kind = .filters(.multiplyAdds(share))
        case (2, "bytes", let bytes?) where bytes >= 1 && bytes <= 1e15: kind = .filters(.bytes(Int(bytes)))
        case (2, "latency", let milliseconds?) where milliseconds > 0 && milliseconds.isFinite:
            kind = .filters(.latency(milliseconds / 1000))
        case (2, "zeros", let share?) where share > 0 && share < 1: kind = .zeros(share)
        case (2, "rank", let share?) where share > 0 && share <= 1: kind = .lowRank(.multiplyAdds(share))
        case (2, "energy", let share?) where share > 0 && share <= 1: kind = .lowRank(.energy(share))
        default:
            throw ConfigurationError(
                [],
                "'\(text)' found, flops:SHARE, bytes:N, latency:MS, zeros:SHARE, rank:SHARE or energy:SHARE expected, "
                    + "shares above 0 and at most 1, of zeros below 1")
        }
        description = text
    }

    /// The network made smaller at once, without training.
    ///
    /// - Parameter images: inputs on which the weights that stay make up for those that go.
    package func cut(
        _ network: some Module, inputShape: Shape, by importance: FilterImportance, channelMultiple: Int,
        compensatingOn images: Tensor?
    ) throws -> any Module {
        switch kind {
        case .filters(let budget):
            return try network.pruned(
                to: budget, inputShape: inputShape, by: importance, channelMultiple: channelMultiple,
                compensatingOn: images)
        case .zeros(let share):
            var cut = network
            let mask = PruningMask(sparsity: share, of: network)
            if let images { try mask.apply(to: &cut, compensatingOn: images) } else { mask.apply(to: &cut) }
            return cut
        case .lowRank(let budget):
            return try TracedNetwork(NetworkGraph(tracing: network, inputShape: inputShape).factorized(to: budget))
        }
    }

    /// What sets weights to 0 while the network is trained, step by step over the first two thirds of the steps.
    ///
    /// Other targets have none.
    package func gradual(steps: Int) -> GradualPruning? {
        guard case .zeros(let share) = kind else { return nil }
        return GradualPruning(to: share, over: 0...steps * 2 / 3, every: max(1, steps / 50))
    }
}
