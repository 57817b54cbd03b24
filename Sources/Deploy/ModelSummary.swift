import Datasets
import Foundation
import Graph
import Layers
import Quantize
import TensorCore

/// What a model file holds, and what the model costs.
public struct ModelSummary: Encodable, Sendable {
    /// An array of the file.
    public struct Array: Encodable, Sendable {
        /// The array's name and the type of its elements, as safetensors has it.
        public let name, type: String
        /// The array's extents.
        public let shape: [Int]
    }

    /// The file, the architecture, and the extents of images.
    public let model, architecture, image: String
    /// Whether the model is int8.
    public let isQuantized: Bool
    /// The size of the file.
    public let bytes: Int
    /// Learnt values; a quantised model has its normalisations in the weights and biases of other layers.
    public let parameters: Int
    /// Products that are summed for one image.
    public let multiplyAdds: Int
    /// The most that the results of the nodes take together while one image goes through.
    public let peakActivationBytes: Int
    /// Names of the classes.
    public let classes: [String]
    /// How images of a folder are held out from training: by "name" or by "place".
    public let heldOut: HeldOut?
    /// What inputs are normalised by, channel by channel.
    public let mean, deviation: [Float]
    /// The nodes in the order in which they run, the input first; of a model in FP32 as it was trained.
    public let nodes: [Node]
    /// All that the file holds, by name.
    public let arrays: [Array]

    /// Describes a model.
    ///
    /// - Parameters:
    ///   - stored: the model.
    ///   - name: what the summary calls it.
    /// - Throws: `GraphError` for a network that no graph represents, and an error where the file can no longer be
    ///   read.
    public init(_ stored: StoredModel, name: String) throws {
        model = name
        architecture = stored.description.architecture
        image = stored.imageSize.description
        bytes = try OutputFile.size(stored.url)
        classes = stored.description.classNames
        heldOut = stored.description.heldOut
        mean = stored.description.normalization.mean
        deviation = stored.description.normalization.deviation
        arrays = try SafetensorsFile.read(stored.url).entries.sorted { $0.key < $1.key }.map {
            Array(name: $0.key, type: $0.value.dataType.rawValue, shape: $0.value.shape.extents)
        }
        switch stored.network {
        case .float(let module):
            let graph = try NetworkGraph(tracing: module, inputShape: stored.imageSize.shape)
            nodes = graph.nodes.map { Node($0, multiplyAdds: graph.multiplyAdds(of: $0)) }
            (parameters, isQuantized) = (module.parameterCount, false)
            peakActivationBytes = try InferencePlan(graph.foldingBatchNorm().fusingActivations()).peakActivationBytes
        case .int8(let model):
            nodes = model.nodes.map { Node($0) }
            (parameters, isQuantized) = (nodes.reduce(0) { $0 + $1.parameters }, true)
            peakActivationBytes = model.peakActivationBytes
        }
        multiplyAdds = nodes.reduce(0) { $0 + $1.multiplyAdds }
    }
}

extension ModelSummary {
    /// One node of a network.
    public struct Node: Encodable, Sendable {
        /// The operation's name; `input` for the first.
        public let operation: String
        /// The path of the layer in the network that was trained; nil for a node that is no layer.
        public let path: String?
        /// `FP32` or `INT8`.
        public let type: String
        /// The extents of the result for one image.
        public let shape: [Int]
        /// What the node costs for one image, the values that it holds (statistics of normalisations are among them),
        /// and their size.
        public let multiplyAdds, parameters, bytes: Int
        /// The smallest and the largest scale of the weights, over all output channels.
        public let weightScales: [Float]?
        /// The scale of the result.
        public let scale: Float?
        /// The zero point of the result.
        public let zeroPoint: UInt8?

        init(_ node: NodeSummary) {
            operation = node.operation
            path = node.path
            type = node.isFloat ? "FP32" : "INT8"
            shape = node.shape.extents
            (multiplyAdds, parameters, bytes) = (node.multiplyAdds, node.parameters, node.byteCount)
            weightScales = node.weightScales.map { [$0.lowerBound, $0.upperBound] }
            scale = node.quantization?.scale
            zeroPoint = node.quantization?.zeroPoint
        }

        init(_ node: NetworkGraph.Node, multiplyAdds: Int) {
            operation = node.operation?.description ?? "input"
            path = node.layerPath
            type = "FP32"
            shape = node.shape.extents
            self.multiplyAdds = multiplyAdds
            parameters = node.tensors.reduce(0) { $0 + $1.count }
            bytes = MemoryLayout<Float>.size * parameters
            (weightScales, scale, zeroPoint) = (nil, nil, nil)
        }
    }
}
