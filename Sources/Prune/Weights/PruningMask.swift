import Layers
import TensorCore

/// Which weights of a network are kept and which are 0: magnitude pruning (Han et al., arXiv 1506.02626).
///
///     let mask = PruningMask(sparsity: 0.5, of: model)
///     mask.apply(to: &model)  // and again after each step of fine-tuning
///
/// Weights of convolutions and dense layers take part, biases and normalisations stay. A pruned model's file says what
/// was pruned: ``init(ofZerosIn:)`` gives its mask back.
public struct PruningMask: Sendable, Equatable {
    /// For each parameter that takes part 1 where it is kept, 0 where it is not.
    let factors: [String: Tensor]

    /// Which weights are compared with each other.
    public enum Scope: Sendable, Hashable {
        /// All together, so that layers with small weights lose more of them.
        case network
        /// Those of each layer, so that each loses the same share.
        case layer
    }

    /// Chooses the weights of least magnitude; of equal ones those that come first in the network.
    ///
    /// - Parameters:
    ///   - sparsity: the share of weights that become 0, in 0 ... 1; their number is rounded to nearest.
    ///   - module: the trained network.
    ///   - scope: which weights are compared.
    public init(sparsity: Double, of module: some Module, scope: Scope = .network) {
        self.init(sparsity: sparsity, of: module, scope: scope, including: nil)
    }

    /// As above, and what an earlier mask of the network does not keep this one does not keep either, though it be
    /// more.
    init(sparsity: Double, of module: some Module, scope: Scope, including earlier: PruningMask?) {
        require(sparsity >= 0 && sparsity <= 1, "PruningMask: sparsity \(sparsity), 0 ... 1 expected")
        let weights = Self.weights(of: module)
        var factors: [String: Tensor] = [:]
        for group in scope == .network ? [weights] : weights.map({ [$0] }) {
            factors.merge(Self.factors(of: group, sparsity: sparsity, including: earlier)) { $1 }
        }
        self.factors = factors
    }

    /// The factors of weights that are compared with each other.
    private static func factors(
        of weights: [(path: String, value: Tensor)], sparsity: Double, including earlier: PruningMask?
    ) -> [String: Tensor] {
        let magnitudes = weights.flatMap { path, value in
            // What is cut already goes before all others.
            let cut = earlier?.factors[path]?.scalars
            return value.scalars.enumerated().map { cut?[$0] == 0 ? -1 : abs($1) }
        }
        let count = max(Int((sparsity * Double(magnitudes.count)).rounded()), magnitudes.count { $0 < 0 })
        var kept = [Float](repeating: 1, count: magnitudes.count)
        // A total order even with NaN, which counts as large: its layer is broken, and pruning must not hide that.
        let order = magnitudes.indices.sorted { a, b in
            let (x, y) = (magnitudes[a], magnitudes[b])
            return x < y || (!x.isNaN && y.isNaN) || (!(y < x) && x.isNaN == y.isNaN && a < b)
        }
        for index in order.prefix(count) { kept[index] = 0 }
        var factors: [String: Tensor] = [:]
        var start = 0
        for (path, value) in weights {
            factors[path] = Tensor(Array(kept[start..<start + value.count]), shape: value.shape)
            start += value.count
        }
        return factors
    }

    /// The mask of a network that was pruned before: its weights that are 0.
    public init(ofZerosIn module: some Module) {
        let pairs = Self.weights(of: module).map { ($0.path, $0.value.map { $0 == 0 ? 0 : 1 }) }
        factors = Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Sets what is not kept to 0.
    ///
    /// - Parameter module: the network that the mask was made of, whatever its weights are now.
    public func apply(to module: inout some Module) {
        module.forEachParameter { path, parameter in
            guard parameter.role == .weight else { return }
            guard let factor = factors[path], factor.shape == parameter.value.shape else {
                fatalError("PruningMask: made for another network, without \(path) of shape \(parameter.value.shape)")
            }
            parameter.value = parameter.value * factor
        }
    }

    /// The share of weights that are 0.
    public var sparsity: Double {
        let total = factors.values.reduce(0) { $0 + $1.count }
        guard total > 0 else { return 0 }
        let zeros = factors.values.reduce(0) { $0 + $1.scalars.count { $0 == 0 } }
        return Double(zeros) / Double(total)
    }

    /// The share of weights that are 0 in each layer, by the path of its weights: where pruning took them from.
    public var sparsityByLayer: [String: Double] {
        factors.mapValues { factor in Double(factor.scalars.count { $0 == 0 }) / Double(max(factor.count, 1)) }
    }

    private static func weights(of module: some Module) -> [(path: String, value: Tensor)] {
        module.parameters.filter { $0.parameter.role == .weight }.map { ($0.path, $0.parameter.value) }
    }
}
