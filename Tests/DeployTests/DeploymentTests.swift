import Autograd
import Datasets
import Foundation
import Graph
import Layers
import Prune
import TensorCore
import TestSupport
import Testing
import Training

@testable import Deploy
@testable import Quantize

@Suite struct DeploymentTests {
    @Test("Percentiles by hand: 100 times, 1 to 100 in another order")
    func percentiles() {
        let latency = Latency(seconds: (1...100).map(Double.init).reversed())
        #expect(latency.median == 51 && latency.percentile95 == 96)
        #expect(Latency(seconds: [3]).median == 3 && Latency(seconds: [3]).percentile95 == 3)
    }

    @Test("Accuracy against an evaluation, agreement of a variant with itself, and costs that a variant cannot have")
    func meter() throws {
        let images = TinyTask.images(30, seed: 2)
        let (network, description) = tiny()
        var meter = DeploymentMeter(images, normalization: description.normalization)
        let model = try quantized(network, description.normalization)
        let variants = [try meter.measure("float", network), try meter.measure("int8", model, of: network)]
        let report = network.evaluated(on: images, normalization: description.normalization)
        #expect(abs(variants[0].accuracy - 100 * report.accuracy) < 1e-9 && variants[0].agreement == 100)
        #expect(variants[0].multiplyAdds == variants[1].multiplyAdds && variants[1].bytes < variants[0].bytes)
        #expect(variants.allSatisfy { $0.imagesPerSecond > 0 && $0.medianLatency <= $0.latency95 })
    }

    @Test("A model whose output is mostly rounding says so in its report, and one that is sound does not")
    func hopeless() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let url = folder.appending(path: "m")
            try ModelFile(network, inputShape: [8, 8, 1], description: description).write(to: url)
            let images = TinyTask.images(20, seed: 2)
            let data = try DividedData(name: "tiny", train: images, validation: images.subset([]), test: images)
            func warning(_ decibels: [Double]) throws -> String? {
                let noise = decibels.map {
                    LayerNoise(operation: "dense", path: nil, shape: [3], signalToNoise: $0, floatReason: nil)
                }
                return try DeploymentReport(
                    of: StoredModel(url), on: data, calibratedOn: .init(asked: 20, of: images), written: url,
                    variants: [], noise: noise, rounded: noise, sparsity: 0
                ).warning
            }
            #expect(try warning([0.1, 3.5]) == nil && warning([.infinity]) == nil)
            #expect(
                try warning([40, 0.6])?.hasPrefix("at the output, signal to noise is 0.6 dB: the errors of") == true)
        }
    }

    @Test("Why a quantised network from elsewhere is computed in float32 stays with the model")
    func refusedIntegers() throws {
        let (network, description) = tiny()
        let graph = try NetworkGraph(tracing: network, inputShape: [8, 8, 1])
        let rounded = RoundedGraph(
            nodes: graph.nodes, output: graph.nodes.count - 1, roles: [:],
            layers: [1: .init(scales: [Float](repeating: 1, count: 4), bias: nil)])
        guard case .refusal(let reason)? = try rounded.integers() else { Issue.record("no refusal"); return }
        #expect(reason == "input: is not rounded to 8 bits before it is used")
        let file = ModelFile(
            network, integers: .refusal(reason), inputShape: [8, 8, 1], description: description, namesClasses: true)
        #expect(file.integerRefusal == reason)
        let plain = RoundedGraph(nodes: graph.nodes, output: graph.nodes.count - 1, roles: [:], layers: [:])
        #expect(try plain.integers() == nil)
    }

    @Test("A variant on the front that another beats in both, or one that is missing (by hand)")
    func front() {
        func variant(_ name: String, _ accuracy: Double, _ bytes: Int) -> DeploymentVariant {
            DeploymentVariant(
                name: name, type: "INT8", accuracy: accuracy, agreement: 100, bytes: bytes, multiplyAdds: 1,
                imagesPerSecond: 1, medianLatency: 1, latency95: 1)
        }
        let all = [
            variant("best", 99, 80), variant("beaten", 97, 60), variant("small", 98, 40), variant("as small", 97.5, 40),
            variant("twin", 98, 40), variant("smallest", 90, 10), variant("worst", 90, 100),
        ]
        #expect(all.front { Double($0.bytes) }.map(\.name) == ["smallest", "small", "twin", "best"])
        #expect(all.front { _ in 1 }.map(\.name) == ["best"])
        #expect([DeploymentVariant]().front { _ in 1 }.isEmpty)
    }

    @Test("Gradients of Taylor importance against the slope of the loss along one weight")
    func taylor() throws {
        let (network, description) = tiny()
        let images = TinyTask.images(12)
        let importance = FilterImportance.taylor(
            of: network, on: images, normalization: description.normalization, batchSize: 12)
        guard case .taylor(let gradients) = importance else { Issue.record("\(importance)"); return }
        #expect(gradients.count == 1 && gradients[0].keys.contains("classifier.weight"))
        let path = "classifier.weight"
        let gradient = try #require(gradients[0][path]?.scalars)
        let place = try #require(gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) })
        func loss(_ change: Float) throws -> Double {
            // In the training mode, as gradients are: statistics of this batch, which do not depend on the classifier.
            var changed = network
            var tensors = changed.tensors
            var scalars = try #require(tensors[path]).scalars
            scalars[place] += change
            tensors[path] = Tensor(scalars, shape: try #require(tensors[path]).shape)
            try changed.load(tensors, from: "test")
            return try meanLoss(changed, images, description.normalization)
        }
        let slope = try (loss(0.01) - loss(-0.01)) / 0.02
        #expect(abs(slope - Double(gradient[place])) < 0.02 * abs(slope), "\(slope) \(gradient[place])")
    }
}

/// The loss on all of the images in training mode.
private func meanLoss(_ network: some Module, _ images: ImageSet, _ normalization: Normalization) throws -> Double {
    var network = network
    let batch = try #require(images.batches(of: images.count, normalization: normalization).first { _ in true })
    let (value, _) = valueAndGradients(of: &network) { network, tape in
        network(tape.constant(batch.inputs)).crossEntropy(batch)
    }
    return Double(value)
}
