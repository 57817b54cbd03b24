import Autograd
import Datasets
import Deploy
import Foundation
import Graph
import Layers
import ONNX
import Quantize
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Models as ONNX files")
struct ONNXFileTests {
    @Test("What goes out comes back with its normalisation and its names of classes, whatever the file is called")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let file = folder.appending(path: "model")
            try ModelFile(network, inputShape: [8, 8, 1], description: description).onnx().write(to: file)
            let stored = try StoredModel(file)
            #expect(stored.description == description)
            let inputs = TinyTask.images(20, seed: 5)
                .calibrationInputs(20, normalization: description.normalization)[0]
            #expect(relativeDifference(stored.predict(inputs), network.predict(inputs)) < 1e-5)
            // It trains on, and goes into a file of ours.
            let own = folder.appending(path: "own")
            try ModelFile(stored.trained(), inputShape: [8, 8, 1], description: stored.description).write(to: own)
            #expect(try StoredModel(own).predict(inputs).scalars == stored.predict(inputs).scalars)
        }
    }

    @Test("An int8 model as ONNX computes the same, but for roundings; its weights are int8, one scale a channel")
    func int8() throws {
        let (network, description) = tiny()
        let model = try quantized(network, description.normalization)
        let data = try ModelFile(model, description: description).onnx().data()
        let onnx = try ONNXModel(data, name: "int8.onnx")
        #expect(onnx.operators["QuantizeLinear"] ?? 0 > 3 && onnx.operators["DequantizeLinear"] ?? 0 > 8)
        let images = TinyTask.images(60, seed: 5).calibrationInputs(60, normalization: description.normalization)[0]
        let expected = model.predict(images)
        let run = try onnx.run(["image": ONNXTensor(images.transposed([0, 3, 1, 2]))])
        let result = try #require(run["logits"]).tensor
        #expect(relativeDifference(result, expected) < 0.02)
        #expect(agreement(result, expected) > 0.98)
        // As a graph in float32 it gives the same.
        #expect(relativeDifference(try InferencePlan(onnx.graph())(images), result) < 0.02)
    }

    @Test("A file that does not say how inputs are normalised asks for it; a name or numbers do")
    func normalization() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let file = folder.appending(path: "other.onnx")
            try ONNXExport(NetworkGraph(tracing: network, inputShape: [8, 8, 1])).write(to: file)
            let error = #expect(throws: ConfigurationError.self) { try StoredModel(file) }
            #expect(
                error?.problem.hasPrefix(
                    "missing: \(file.relativePath) does not say how its inputs are normalised; give one")
                    == true)
            #expect(error?.problem.contains("imagenet, cifar, 0-1, -1-1, 0-255") == true)
            #expect(throws: ConfigurationError.self) {
                try StoredModel(file, importing: ImportSettings(normalization: "imagenet"))
            }
            let stored = try StoredModel(file, importing: ImportSettings(normalization: "0.3/0.25"))
            #expect(stored.description.normalization == description.normalization)
            // Three classes without names fit data of three classes.
            let images = TinyTask.images(20, seed: 5)
            let data = try DividedData(name: "tiny", train: images, validation: images.subset([]), test: images)
            #expect(try stored.fitting(data).train.count == 20)
            // Two classes are another number, whatever they are called.
            let two = ImageSet(
                pixels: images.pixels, height: images.height, width: images.width, channels: images.channels,
                labels: images.labels.map { $0.map { $0 % 2 } }, classNames: ["a", "b"])
            let fewer = try DividedData(name: "pair", train: two, validation: two.subset([]), test: two)
            let misfit = #expect(throws: FormatError.self) { try stored.fitting(fewer) }
            #expect(
                misfit?.description
                    == "\(file.relativePath): a model of 3 classes found, one of 2 classes (a, b) as in pair expected; "
                    + "give --data the images that the model is for, or another model")
        }
    }

    @Test("A softmax at the end is left out: what teaches and predicts are logits")
    func softmax() throws {
        let (network, description) = tiny()
        let graph = try NetworkGraph(tracing: ClosureModule { network($0).softmax() }, inputShape: [8, 8, 1])
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "probabilities.onnx")
            try ONNXExport(graph).write(to: file)
            let stored = try StoredModel(file, importing: ImportSettings(taking: description.normalization))
            let inputs = TinyTask.images(6, seed: 5).calibrationInputs(6, normalization: description.normalization)[0]
            #expect(relativeDifference(stored.predict(inputs), network.predict(inputs)) < 1e-5)
        }
    }

    @Test("A summary says what is not read and why, and what a network costs that is")
    func summary() throws {
        try withTemporaryFolder { folder in
            let (network, _) = tiny()
            let file = folder.appending(path: "model.onnx")
            let graph = try NetworkGraph(tracing: network, inputShape: [8, 8, 1])
            try ONNXExport(graph).write(to: file)
            let summary = try ONNXSummary(file)
            #expect(summary.refusal == nil && summary.operators.allSatisfy(\.isRead))
            #expect(summary.multiplyAdds == graph.nodes.reduce(0) { $0 + graph.multiplyAdds(of: $1) })
            #expect(summary.inputs == ["image: float32 of [N, 1, 8, 8]"])
        }
    }
}
