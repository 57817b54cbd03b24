import ArgumentParser
import Retort

/// `flops:0.5`, `bytes:30000`, `latency:0.2`, `zeros:0.8`.
struct PruningTarget: CustomStringConvertible {
    private enum Kind {
        case filters(PruningBudget)
        case zeros(Double)
    }

    private let kind: Kind
    let description: String

    init(argument: String) throws {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch (parts.count, parts.first, parts.last.flatMap { Double($0) }) {
        case (2, "flops", let share?) where share > 0 && share <= 1: kind = .filters(.multiplyAdds(share))
        case (2, "bytes", let bytes?) where bytes >= 1 && bytes <= 1e15: kind = .filters(.bytes(Int(bytes)))
        case (2, "latency", let milliseconds?) where milliseconds > 0 && milliseconds.isFinite:
            kind = .filters(.latency(milliseconds / 1000))
        case (2, "zeros", let share?) where share > 0 && share < 1: kind = .zeros(share)
        default:
            throw ValidationError(
                "--to: '\(argument)' found, flops:SHARE (above 0, at most 1), bytes:N, latency:MS or zeros:SHARE "
                    + "(above 0, below 1) expected")
        }
        description = argument
    }

    /// The network made smaller at once, without training.
    ///
    /// - Parameter images: inputs on which the weights that stay make up for those that go.
    func cut(
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
        }
    }

    /// What sets weights to 0 while the network is trained, step by step over the first two thirds; nil where filters go.
    func gradual(steps: Int) -> GradualPruning? {
        guard case .zeros(let share) = kind else { return nil }
        return GradualPruning(to: share, over: 0...steps * 2 / 3, every: max(1, steps / 50))
    }
}
