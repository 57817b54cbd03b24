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
        func fault(_ expected: String) -> ConfigurationError { ConfigurationError([], "'\(text)' found, \(expected)") }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        // No target has it.
        let value = parts.count == 2 ? Double(parts[1]) ?? -1 : -1
        switch parts.first {
        case "flops"?, "rank"?, "energy"?:
            guard value > 0 && value <= 1 else {
                throw fault("a share above 0 and at most 1 expected, such as \(parts[0]):0.5")
            }
            kind =
                parts[0] == "flops"
                ? .filters(.multiplyAdds(value)) : .lowRank(parts[0] == "rank" ? .multiplyAdds(value) : .energy(value))
        case "bytes"?:
            guard value >= 1 && value <= 1e15 && value == value.rounded() else {
                throw fault("a whole number of bytes expected, such as bytes:30000")
            }
            kind = .filters(.bytes(Int(value)))
        case "latency"?:
            guard value > 0 && value.isFinite else {
                throw fault("milliseconds above 0 expected, such as latency:0.2")
            }
            kind = .filters(.latency(value / 1000))
        case "zeros"?:
            guard value > 0 && value < 1 else { throw fault("a share above 0 and below 1 expected, such as zeros:0.8") }
            kind = .zeros(value)
        default:
            throw fault("flops:SHARE, bytes:N, latency:MS, zeros:SHARE, rank:SHARE or energy:SHARE expected")
        }
        description = text
    }

    /// What there is to say against a target that a network meets as it is; nil for any other.
    ///
    /// - Parameter inputShape: extents of an image, [H, W, C].
    package func idleness(for network: some Module, inputShape: Shape) throws -> String? {
        let nothing = "nothing is to be cut"
        switch kind {
        case .filters(.bytes(let limit)):
            let bytes = MemoryLayout<Float>.size * network.tensors.values.reduce(0) { $0 + $1.count }
            return bytes <= limit ? "the weights take \(bytes) bytes as they are: \(nothing)" : nil
        case .filters(.multiplyAdds(1)), .lowRank(.multiplyAdds(1)), .lowRank(.energy(1)):
            return "it is met as it is: \(nothing)"
        case .filters(.latency(let limit)):
            let seconds = try network.secondsForAnImage(of: inputShape)
            return seconds <= limit
                ? "an image takes \((seconds * 1e7).rounded() / 1e4) ms as it is: \(nothing)" : nil
        case .filters, .lowRank, .zeros: return nil
        }
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
