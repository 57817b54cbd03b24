import Autograd
import Graph
import TensorCore

extension NetworkGraph {
    /// The same function with the channels between layers scaled so that no channel is much smaller than its
    /// neighbours: cross-layer equalisation (Nagel et al., arXiv 1906.04721, section 4.1).
    ///
    ///     let graph = try NetworkGraph(tracing: model, inputShape: shape).foldingBatchNorm().fusingActivations()
    ///     let int8 = try QuantizedModel(graph: graph.equalizingLayers(), calibratedOn: batches)
    ///
    /// Where a layer's result goes to one other layer alone, through nothing but ReLU, pooling and flattening, channel
    /// c of the first is divided by s = √(r₁ r₂) / r₂ and the second's weights for it are multiplied by s; r₁ and r₂
    /// are the greatest magnitudes of these weights, which are equal afterwards. ReLU and pooling let positive factors
    /// through. A layer that adds a residual stays as it is, since the residual is not its own.
    ///
    /// - Parameter self: folded and fused: a normalisation between two layers would keep them apart.
    public func equalizingLayers() -> NetworkGraph {
        let pairs = nodes.indices.compactMap { first in follower(of: first).map { (first, $0) } }
        var graph = self
        // A layer may be the second of one pair and the first of the next; factors come closer to 1 with every turn.
        for _ in 0..<20 {
            for (first, second) in pairs { graph = graph.equalized(first, second) }
        }
        return graph
    }

    /// The only layer that reads another's result, as it is or through steps that let positive factors of channels
    /// through.
    private func follower(of first: Int) -> Int? {
        guard nodes[first].isLinearLayer, nodes[first].residual == nil else { return nil }
        var place = first
        while place != output {
            let readers = nodes.indices.filter { nodes[$0].sources.contains(place) }
            guard readers.count == 1, let reader = readers.first,
                nodes[reader].sources.count(where: { $0 == place }) == 1,
                nodes[reader].residual != place
            else { return nil }
            guard let operation = nodes[reader].operation else { return nil }
            if operation.isLinearLayer { return nodes[reader].tensors.isEmpty ? nil : reader }
            guard operation.base is any PositivelyHomogeneous else { return nil }
            place = reader
        }
        return nil
    }

    private func equalized(_ first: Int, _ second: Int) -> NetworkGraph {
        let (before, after) = (nodes[first], nodes[second])
        guard let weights = before.tensors.first, let next = after.tensors.first,
            let channels = weights.shape.extents.last
        else { return self }
        let place = after.inputChannel(weights: next.shape, channels: channels)
        var (own, others) = ([Float](repeating: 0, count: channels), [Float](repeating: 0, count: channels))
        for (index, weight) in weights.scalars.enumerated() {
            own[index % channels] = max(own[index % channels], abs(weight))
        }
        for (index, weight) in next.scalars.enumerated() {
            others[place(index)] = max(others[place(index)], abs(weight))
        }
        let factors = zip(own, others).map { own, others in
            // A channel that is dead on either side has no size to share.
            own > 1e-12 && others > 1e-12 ? (own / others).squareRoot() : 1
        }
        let bias = before.tensors.count > 1 ? before.tensors[1] : .zeros([channels])
        let smaller = weights.scalars.enumerated().map { $1 / factors[$0 % channels] }
        let larger = next.scalars.enumerated().map { $1 * factors[place($0)] }
        return replacingLayer(
            first, weights: Tensor(smaller, shape: weights.shape),
            bias: Tensor(zip(bias.scalars, factors).map { $0 / $1 })
        ).replacingLayer(
            second, weights: Tensor(larger, shape: next.shape),
            bias: after.tensors.count > 1 ? after.tensors[1] : .zeros([next.shape.extents.last ?? 0]))
    }
}

extension NetworkGraph.Node {
    /// The channel of the layer before that a weight, by its place in the tensor, multiplies.
    ///
    /// - Parameters:
    ///   - shape: the weights', [kernel height, kernel width, C / groups, C'] or [in, out].
    ///   - channels: of the layer before; a flattened map has them innermost.
    fileprivate func inputChannel(weights shape: Shape, channels: Int) -> (Int) -> Int {
        let outputs = shape.extents.last ?? 1
        guard let groups = operation?.as(Convolution2DOperation.self)?.groups else {
            return { $0 / outputs % channels }
        }
        let perGroup = shape[2]
        return { index in
            let group = index % outputs / (outputs / groups)
            return (group * perGroup + index / outputs % perGroup) % channels
        }
    }
}

/// An operation with f(a x) = a f(x) for a > 0, channel by channel: factors of channels pass it.
private protocol PositivelyHomogeneous {}

extension ReLUOperation: PositivelyHomogeneous {}
extension MaxPool2DOperation: PositivelyHomogeneous {}
extension AveragePool2DOperation: PositivelyHomogeneous {}
extension GlobalAveragePoolOperation: PositivelyHomogeneous {}
extension FlattenOperation: PositivelyHomogeneous {}
