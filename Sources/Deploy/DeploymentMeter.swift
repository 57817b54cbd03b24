import Datasets
import Graph
import Layers
import Prune
import Quantize
import TensorCore
import Training

/// Measures variants of a model on test images; the first one measured is what others are compared with.
public struct DeploymentMeter {
    private let images: any ImageSource
    private let normalization: Normalization
    private var first: [Int]?

    /// Creates a meter.
    ///
    /// - Parameters:
    ///   - images: test images with labels, one or more.
    ///   - normalization: as the model expects it.
    public init(_ images: any ImageSource, normalization: Normalization) {
        self.images = images
        self.normalization = normalization
    }

    /// Measures a network in FP32.
    ///
    /// - Throws: `GraphError` for a network that no graph represents; what the images' source throws.
    public mutating func measure(_ name: String, _ network: any Module) throws -> DeploymentVariant {
        let graph = try NetworkGraph(tracing: network, inputShape: inputShape)
        let plan = try InferencePlan(graph.foldingBatchNorm().fusingActivations())
        let bytes = MemoryLayout<Float>.size * network.tensors.values.reduce(0) { $0 + $1.count }
        return try measure(name, "FP32", bytes, graph.multiplyAdds) { plan($0) }
    }

    /// Measures a network in INT8.
    ///
    /// - Parameters:
    ///   - name: what was done to the model.
    ///   - model: the quantised model.
    ///   - network: what the model was made of.
    /// - Throws: `GraphError` for a network that no graph represents; what the images' source throws.
    public mutating func measure(
        _ name: String, _ model: QuantizedModel, of network: any Module
    ) throws -> DeploymentVariant {
        let graph = try NetworkGraph(tracing: network, inputShape: inputShape)
        return try measure(name, "INT8", model.byteCount, graph.multiplyAdds) { model.predict($0) }
    }

    /// The accuracy that is left when 25, 50 and 75 % of the filters of one layer are cut and nothing is trained.
    ///
    /// - Parameters:
    ///   - network: the network; it stays as it is.
    ///   - importance: what tells which filters go.
    /// - Returns: an entry for each set of filters that can be cut by itself, in the network's order.
    /// - Throws: `GraphError` for a network that no graph represents; what the images' source throws.
    public func sensitivities(
        _ network: some Module, by importance: FilterImportance
    ) throws -> [DeploymentReport.Sensitivity] {
        let found = try network.filterSensitivity(inputShape: inputShape, by: importance) {
            try $0.evaluated(on: images, normalization: normalization).accuracy
        }
        return found.map { DeploymentReport.Sensitivity($0) }
    }

    private var inputShape: Shape { images.size.shape }

    private mutating func measure(
        _ name: String, _ type: String, _ bytes: Int, _ multiplyAdds: Int, _ predict: (Tensor) -> Tensor
    ) throws -> DeploymentVariant {
        let choices = try choices(on: images, predict)
        func share(_ other: [Int?]) -> Double {
            let equal = zip(choices, other).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
            return 100 * (Double(equal) / Double(max(1, choices.count)))
        }
        if first == nil { first = choices }
        let some = try images.subset(Array(0..<min(1000, images.count))).loaded()
        let latency = InferenceSpeed.latency(on: some, normalization: normalization, predict)
        return DeploymentVariant(
            name: name, type: type, accuracy: share(images.labels), agreement: share(first ?? choices), bytes: bytes,
            multiplyAdds: multiplyAdds,
            imagesPerSecond: InferenceSpeed.imagesPerSecond(on: some, normalization: normalization, predict),
            medianLatency: latency.median * 1000, latency95: latency.percentile95 * 1000)
    }

    private func choices(on images: some ImageSource, _ predict: (Tensor) -> Tensor) throws -> [Int] {
        var batches = images.batches(of: images.evaluationBatchSize, normalization: normalization)
        var choices: [Int] = []
        while let batch = try batches.next() { choices += predict(batch.inputs).argmax() }
        return choices
    }
}
