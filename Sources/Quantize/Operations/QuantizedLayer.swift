import Autograd
import Graph
import TensorCore

/// An operation that is a convolution once its tensors are known, so that its weights become int8 and its sums have 32
/// bits.
protocol QuantizedLayer: GraphOperation {
    /// Geometry, weights and bias.
    ///
    /// - Parameters:
    ///   - node: with the tensors.
    ///   - input: extents of what it reads, for one image.
    /// - Throws: ``GraphError`` for a node that has no such form.
    func layer(of node: NetworkGraph.Node, reading input: Shape) throws -> FloatWeights
}

/// A layer before its weights are rounded.
struct FloatWeights {
    let geometry: Conv2DGeometry
    /// [kernel height, kernel width, C / groups, C'].
    let weights: [Float]
    /// [C'].
    let bias: [Float]
}

extension QuantizedLayer {
    /// The layer of stored weights and perhaps a stored bias.
    fileprivate func stored(_ node: NetworkGraph.Node, reading input: Shape) throws -> FloatWeights {
        guard let weights = node.tensors.first, node.tensors.count == node.operands.count - 1,
            let geometry = node.geometry(reading: input)
        else {
            throw GraphError(
                operation: node.description, reason: "its weights are computed by the network, not stored in it")
        }
        guard weights.isFinite, node.tensors.last?.isFinite == true else {
            throw GraphError(operation: node.description, reason: "has a weight that is NaN or infinite")
        }
        let zeros = [Float](repeating: 0, count: geometry.outputChannels)
        return FloatWeights(
            geometry: geometry, weights: weights.scalars,
            bias: node.tensors.count > 1 ? node.tensors[1].scalars : zeros)
    }
}

extension Convolution2DOperation: QuantizedLayer {
    func layer(of node: NetworkGraph.Node, reading input: Shape) throws -> FloatWeights {
        try stored(node, reading: input)
    }
}

extension DenseOperation: QuantizedLayer {
    func layer(of node: NetworkGraph.Node, reading input: Shape) throws -> FloatWeights {
        try stored(node, reading: input)
    }
}

extension BatchNormOperation: QuantizedLayer {
    /// One that could not be folded is a convolution with one tap a channel.
    func layer(of node: NetworkGraph.Node, reading input: Shape) throws -> FloatWeights {
        guard input.rank == 1 || input.rank == 3, let coefficients = BatchNormCoefficients(node, epsilon: epsilon)
        else { throw GraphError(operation: node.description, reason: "takes [N, H, W, C] or [N, C] in int8") }
        let (h, w) = input.rank == 3 ? (input[0], input[1]) : (1, 1)
        let channels = coefficients.factors.count
        return FloatWeights(
            geometry: Conv2DGeometry(
                input: (h, w, channels), kernel: (1, 1), outputChannels: channels, groups: channels),
            weights: coefficients.factors.map { Float($0) }, bias: coefficients.offsets.map { Float($0) })
    }
}
