import Retort

/// A form that a model could be shipped in, measured on the test images and on this machine.
struct DeploymentVariant: Encodable {
    let name: String
    /// `FP32` or `INT8`.
    let type: String
    /// Test images that are classified rightly, and that are classified as the first variant does; in percent.
    let accuracy, agreement: Double
    /// Of all that the model computes with.
    let bytes: Int
    /// For an image.
    let multiplyAdds: Int
    /// In batches of 250.
    let imagesPerSecond: Double
    /// Of single images, in milliseconds: half and 95 % of the passes take no longer.
    let medianLatency, latency95: Double

    static let header = [
        "variant", "accuracy", "agreement", "size", "MACs", "images/s", "p50", "p95",
    ]

    var cells: [String] {
        [
            "\(name), \(type)", "\(fixed(accuracy, 2)) %", "\(fixed(agreement, 2)) %",
            "\(fixed(Double(bytes) / 1000, 1)) kB", "\(fixed(Double(multiplyAdds) / 1e6, 2)) M",
            grouped(Int(imagesPerSecond.rounded())), "\(fixed(medianLatency, 3)) ms",
            "\(fixed(latency95, 3)) ms",
        ]
    }
}

/// Measures variants of a model, the model itself first.
struct DeploymentMeter {
    private let images: ImageSet
    private let normalization: Normalization
    private var first: [Int]?

    /// - Parameter images: of the test, with labels.
    init(_ images: ImageSet, normalization: Normalization) {
        self.images = images
        self.normalization = normalization
    }

    /// Measures a network in FP32.
    mutating func measure(_ name: String, _ network: any Module) throws -> DeploymentVariant {
        let graph = try NetworkGraph(tracing: network, inputShape: inputShape)
        let plan = try InferencePlan(graph.foldingBatchNorm().fusingActivations())
        let bytes = MemoryLayout<Float>.size * network.tensors.values.reduce(0) { $0 + $1.count }
        return measure(name, "FP32", bytes, graph.multiplyAdds) { plan($0) }
    }

    /// Measures a network in INT8.
    ///
    /// - Parameter network: what the model was made of.
    mutating func measure(
        _ name: String, _ model: QuantizedModel, of network: any Module
    ) throws -> DeploymentVariant {
        let graph = try NetworkGraph(tracing: network, inputShape: inputShape)
        return measure(name, "INT8", model.byteCount, graph.multiplyAdds) { model.predict($0) }
    }

    private var inputShape: Shape { [images.height, images.width, images.channels] }

    private mutating func measure(
        _ name: String, _ type: String, _ bytes: Int, _ multiplyAdds: Int, _ predict: (Tensor) -> Tensor
    ) -> DeploymentVariant {
        let choices = images.batches(of: 250, normalization: normalization).flatMap { predict($0.inputs).argmax() }
        func share(_ other: [Int?]) -> Double {
            let equal = zip(choices, other).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
            return 100 * (Double(equal) / Double(max(1, choices.count)))
        }
        if first == nil { first = choices }
        let some = images.subset(Array(0..<min(1000, images.count)))
        let latencies = InferenceSpeed.latencies(some, normalization, predict)
        return DeploymentVariant(
            name: name, type: type, accuracy: share(images.labels), agreement: share(first ?? choices), bytes: bytes,
            multiplyAdds: multiplyAdds,
            imagesPerSecond: InferenceSpeed.imagesPerSecond(some, normalization, predict),
            medianLatency: latencies.median * 1000, latency95: latencies.most * 1000)
    }
}
