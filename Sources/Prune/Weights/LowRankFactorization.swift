import Autograd
import Graph
import TensorCore

/// How far the ranks of layers are lowered.
public enum FactorizationBudget: Sendable, Hashable {
    /// Each layer keeps this share, above 0 and at most 1, of its weights' square sum, or what little more the next
    /// rank gives.
    case energy(Double)
    /// A share of the network's multiply-adds for an image, above 0 and at most 1; the most of the square sum that it
    /// allows is kept, the same share in all layers.
    case multiplyAdds(Double)
}

extension NetworkGraph {
    /// The same network with convolutions and dense layers replaced by two smaller ones where that saves multiply-adds:
    /// to R channels with the layer's own window, then to its outputs with a window of 1×1.
    ///
    /// With the weights as a matrix W [K, C'] = U S Vᵀ, the two are U √S and √S Vᵀ cut to the R greatest singular
    /// values: no pair of that size is nearer to W (Eckart and Young 1936; Denton et al., arXiv 1404.0736). It saves
    /// while R (K + C') < K C' and the rank of a trained layer is low, which those of small networks are seldom. Layers
    /// with groups stay.
    ///
    ///     let graph = try NetworkGraph(tracing: student, inputShape: [28, 28, 1]).factorized(to: .multiplyAdds(0.6))
    ///     var small = try TracedNetwork(graph)
    ///
    /// - Throws: ``PruningError`` for a share of multiply-adds that cannot be met, with the closest that can;
    ///   `GraphError` for weights that are not finite.
    public func factorized(to budget: FactorizationBudget) throws -> NetworkGraph {
        let layers = try nodes.indices.compactMap { try FactorizedLayer(self, node: $0) }
        let energy: Double
        switch budget {
        case .energy(let share):
            require(share > 0 && share <= 1, "factorized: energy \(share), above 0 and at most 1 expected")
            energy = share
        case .multiplyAdds(let share):
            require(
                share > 0 && share <= 1, "factorized: share \(share) of multiply-adds, above 0 and at most 1 expected")
            let whole = multiplyAdds
            func cost(_ energy: Double) -> Double {
                let saved = layers.reduce(0) { $0 + $1.saved(keeping: energy) }
                return whole > 0 ? Double(whole - saved) / Double(whole) : 1
            }
            // Only at these does a rank change.
            let steps = Set(layers.flatMap(\.energies) + [1]).sorted(by: >)
            guard let best = steps.first(where: { cost($0) <= share }) else {
                throw PruningError.unreachable(
                    budget: .multiplyAdds(share), closest: .multiplyAdds(steps.last.map(cost) ?? 1))
            }
            energy = best
        }
        // From behind, so that the places of those before stay.
        return layers.reversed().reduce(self) { $1.split($0, keeping: energy) }
    }
}

/// A layer's singular values and what a rank costs.
private struct FactorizedLayer {
    let node: Int
    let shape: Shape
    let factors: (u: Tensor, s: Tensor, vTransposed: Tensor)
    /// The share of the square sum that the first 1, 2, ... singular values have.
    let energies: [Double]
    let multiplyAdds: Int
    let multiplyAddsPerRank: Int

    init?(_ graph: NetworkGraph, node index: Int) throws {
        let node = graph.nodes[index]
        guard node.isLinearLayer, let weights = node.tensors.first, let channels = weights.shape.last, weights.count > 0
        else { return nil }
        if let convolution = node.operation?.as(Convolution2DOperation.self), convolution.groups > 1 { return nil }
        do {
            factors = try svd(weights.reshaped(to: [weights.count / channels, channels]))
        } catch { throw GraphError(operation: node.description, reason: "factorisation: \(error)") }
        var sums: [Double] = []
        for value in factors.s.scalars { sums.append((sums.last ?? 0) + Double(value) * Double(value)) }
        let total = sums.last ?? 0
        energies = sums.map { total > 0 ? $0 / total : 1 }
        (self.node, shape) = (index, weights.shape)
        multiplyAdds = graph.multiplyAdds(of: node)
        // Each weight of the three matrices is used as often: once for each output pixel.
        multiplyAddsPerRank = multiplyAdds / weights.count * (weights.count / channels + channels)
    }

    private func rank(keeping energy: Double) -> Int {
        energies.firstIndex { $0 >= energy }.map { $0 + 1 } ?? energies.count
    }

    /// Multiply-adds that splitting saves; 0 where it would save none.
    func saved(keeping energy: Double) -> Int { max(0, multiplyAdds - rank(keeping: energy) * multiplyAddsPerRank) }

    /// The graph with this layer as two, where that saves something.
    func split(_ graph: NetworkGraph, keeping energy: Double) -> NetworkGraph {
        guard saved(keeping: energy) > 0 else { return graph }
        let rank = rank(keeping: energy)
        let roots = Tensor(factors.s.scalars.prefix(rank).map { $0.squareRoot() })
        let dropped = Set(rank..<energies.count)
        let first = factors.u.leavingOut(dropped, axis: 1) * roots.reshaped(to: [1, rank])
        let second = factors.vTransposed[rows: 0..<rank] * roots.reshaped(to: [rank, 1])
        let rest = Array(shape.dropLast())
        return graph.splittingLayer(
            node, first: first.reshaped(to: Shape(rest + [rank])),
            second: second.reshaped(to: Shape(rest.count == 3 ? [1, 1, rank, second.shape[1]] : Array(second.shape))))
    }
}
