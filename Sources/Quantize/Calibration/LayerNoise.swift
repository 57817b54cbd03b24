import Foundation
import Graph
import Layers
import TensorCore

/// How far a node of a quantised network is from that of the float network.
public struct LayerNoise: Sendable, Equatable {
    /// The node's operation; "input" for the first.
    public let operation: String
    /// The layer's path, as `floatLayers` of ``QuantizedModel`` takes it; nil for what is no layer.
    public let path: String?
    /// The path, or the operation of what is no layer.
    public var name: String { path ?? operation }
    /// Extents of its result for one image.
    public let shape: Shape
    /// 10 log₁₀ (Σ float² / Σ difference²) over the images, in decibels: 6 for each bit that holds. With all errors of
    /// the nodes before it; infinite where there is no difference.
    public let signalToNoise: Double
    /// Why the node is computed in float32; nil for one in int8.
    public let floatReason: String?
}

extension QuantizedModel {
    /// What rounding did to each node, on images: where the values fall, the next node is sensitive.
    ///
    /// - Parameters:
    ///   - module: the network that this one was made of; for one of an equalised graph, whose channels have other
    ///     sizes, take ``layerNoise(of:on:)-(NetworkGraph,_)``.
    ///   - images: inputs as the network takes them, [N, H, W, C]; one batch, whose activations are all in memory.
    /// - Returns: one entry a node, from the input on.
    /// - Throws: `GraphError` for another network than this was made of.
    public func layerNoise(of module: some Module, on images: Tensor) throws -> [LayerNoise] {
        try layerNoise(of: NetworkGraph(tracing: module, inputShape: inputShape), on: images)
    }

    /// What rounding did to each node of a model that was made of a graph: an equalised one's channels are of another
    /// size than the traced network's, so only the equalised graph can say what they should be.
    public func layerNoise(of graph: NetworkGraph, on images: Tensor) throws -> [LayerNoise] {
        let graph = graph.foldingBatchNorm().fusingActivations()
        let nodes = network.program.nodes
        guard graph.nodes.count == nodes.count, zip(graph.nodes, nodes).allSatisfy({ $0.shape == $1.shape }) else {
            throw GraphError(operation: "layerNoise", reason: "the network is not the one that was quantised")
        }
        var found = [Tensor?](repeating: nil, count: nodes.count)
        _ = network.run(images) { found[$0] = $1 }
        var noise = [Double](repeating: 0, count: nodes.count)
        _ = try InferencePlan(graph).run(images) { node, expected in
            guard let result = found[node] else { return }
            noise[node] = signalToNoise(result, expected)
            found[node] = nil
        }
        return zip(zip(graph.nodes, noise), self.nodes).map { node, summary in
            LayerNoise(
                operation: node.0.operation?.description ?? "input", path: node.0.layerPath, shape: node.0.shape,
                signalToNoise: node.1, floatReason: summary.floatReason)
        }
    }
}

/// In decibels; sums in double precision.
private func signalToNoise(_ value: Tensor, _ reference: Tensor) -> Double {
    var (signal, noise) = (0.0, 0.0)
    for (found, expected) in zip(value.scalars, reference.scalars) {
        signal += Double(expected) * Double(expected)
        noise += (Double(found) - Double(expected)) * (Double(found) - Double(expected))
    }
    return noise == 0 ? .infinity : 10 * log10(signal / noise)
}
