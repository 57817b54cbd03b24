import Graph
import Layers
import TensorCore

extension PruningMask {
    /// Sets what is not kept to 0 and lets the rest of each layer make up for it: optimal brain surgeon (Hassibi and
    /// Stork, NIPS 1992) for all weights of a layer together, as in OBC (Frantar and Alistarh, arXiv 2208.11580) and
    /// SparseGPT (arXiv 2301.00774).
    ///
    /// What is kept becomes the least-squares solution for the layer's own sums in the unpruned network, given what
    /// reaches the layer in the pruned one; from the input on, so that each layer also makes up for those before it.
    /// Needs no labels. A layer whose weights another one shares is only masked.
    ///
    ///     let mask = PruningMask(sparsity: 0.7, of: model)
    ///     try mask.apply(to: &model, compensatingOn: images)
    ///
    /// - Parameters:
    ///   - module: the network that the mask was made of, not yet pruned.
    ///   - images: inputs as the network takes them, [N, H, W, C]; some hundred. The activations that a layer and
    ///     those after it read are in memory together, in both networks.
    /// - Throws: `GraphError` for a network that no graph represents, no images, and activations that are not finite.
    public func apply<M: Module>(to module: inout M, compensatingOn images: Tensor) throws {
        var pruned = module
        apply(to: &pruned)
        try pruned.compensate(for: module, on: images, factors: factors)
        module = pruned
    }
}

extension Module {
    /// Lets the weights make up for what was taken from their layers.
    ///
    /// - Parameters:
    ///   - original: the network as it was.
    ///   - images: [N, H, W, C].
    ///   - factors: by path 1 for weights that may be other than 0, 0 for those that may not; all may without.
    ///   - removed: by path the output channels that the original's weights have and these have not.
    mutating func compensate(
        for original: Self, on images: Tensor, factors: [String: Tensor] = [:], removed: [String: Set<Int>] = [:]
    ) throws {
        guard images.shape.rank > 0, images.shape[0] > 0 else {
            throw GraphError(operation: "compensation", reason: "needs at least one image, got none")
        }
        let inputShape = Shape(Array(images.shape.dropFirst()))
        var graph = try NetworkGraph(tracing: self, inputShape: inputShape)
        let whole = try NetworkGraph(tracing: original, inputShape: inputShape)
        try whole.requireInference()
        var result: [String: Tensor] = [:]
        // Both networks side by side, so that each layer's inputs are computed once.
        var (own, wanted) = (
            StepwiseRun<Tensor>(images, GraphWalker(graph)), StepwiseRun<Tensor>(images, GraphWalker(whole))
        )
        for (index, node) in graph.nodes.enumerated() {
            if node.isLinearLayer, let source = node.sources.first,
                case .tensor(let weights, let path?)? = node.operands.dropFirst().first,
                graph.readers(of: path) == 1, let wholeWeights = whole.nodes[index].tensors.first,
                let geometry = node.geometry(reading: graph.nodes[source].shape),
                let wholeGeometry = whole.nodes[index].geometry(reading: whole.nodes[source].shape)
            {
                let input = own.result(of: source).asImages(for: geometry)
                let sums = convolution2D(
                    wanted.result(of: source).asImages(for: wholeGeometry),
                    wholeWeights.reshaped(to: wholeGeometry.weightShape), wholeGeometry
                ).leavingOut(removed[path] ?? [], axis: 3)
                do {
                    let solution = try leastSquaresWeights(
                        weights, keeping: factors[path], moments: convolution2DPatchMoments(input, geometry),
                        products: convolution2DGradientToWeights(input, sums, geometry))
                    graph = graph.replacingTensors { at, place, tensor, _ in
                        at == index && place == 1 ? solution : tensor
                    }
                    result[path] = solution
                } catch { throw GraphError(operation: node.description, reason: "compensation: \(error)") }
            }
            let (ownNode, wantedNode) = (PreparedNode(index, of: graph), PreparedNode(index, of: whole))
            own.runNext { ownNode($0, $1) }
            wanted.runNext { wantedNode($0, $1) }
        }
        forEachParameter { path, parameter in if let value = result[path] { parameter.value = value } }
    }
}

/// The weights q, 0 where they must be, with the least Σ (y − xᵀ q)² + λ |q − w|² for each output channel.
///
/// With H = Σ x xᵀ and b = Σ x y, over the places that are kept: (H + λ) q = b + λ w. With y = xᵀ w this is the optimal
/// brain surgeon's q = w + H⁻¹ H' w', where H' w' is what the removed ones leave to the kept. Channels that keep the
/// same places share one Cholesky factor.
///
/// - Parameters:
///   - weights: w, [..., C / groups, C'], or [in, out].
///   - factors: 0 where a weight must be 0, else 1; shape of the weights. Nil to keep all.
///   - moments: H, [groups, K, K] from `convolution2DPatchMoments`.
///   - products: b, as many as weights, from `convolution2DGradientToWeights` with y for the gradient.
/// - Throws: `LinearAlgebraError` for sums that are not finite.
func leastSquaresWeights(
    _ weights: Tensor, keeping factors: Tensor?, moments: Tensor, products: Tensor
) throws(LinearAlgebraError) -> Tensor {
    let (groups, size) = (moments.shape[0], moments.shape[1])
    let outputs = weights.count / size
    let channels = outputs / groups
    let (old, sums, kept) = (weights.scalars, products.scalars, factors?.scalars)
    var result = [Float](repeating: 0, count: weights.count)
    for group in 0..<groups {
        let own = moments[rows: group..<group + 1].reshaped(to: [size, size])
        let damping = own.damping
        let patterns = Dictionary(grouping: group * channels..<(group + 1) * channels) { channel in
            (0..<size).filter { place in kept.map { $0[place * outputs + channel] != 0 } ?? true }
        }
        for (places, channels) in patterns where !places.isEmpty {
            let right = places.flatMap { place in
                channels.map { sums[place * outputs + $0] + damping * old[place * outputs + $0] }
            }
            let solution = try choleskySolve(
                own.selecting(places, addingToDiagonal: damping), Tensor(right, shape: [places.count, channels.count]))
            for (row, place) in places.enumerated() {
                for (column, channel) in channels.enumerated() {
                    result[place * outputs + channel] = solution[row, column]
                }
            }
        }
    }
    return Tensor(result, shape: weights.shape)
}

extension NetworkGraph {
    /// How many steps read a parameter.
    fileprivate func readers(of path: String) -> Int {
        nodes.count { node in
            node.operands.contains { if case .tensor(_, let own) = $0 { own == path } else { false } }
        }
    }
}
