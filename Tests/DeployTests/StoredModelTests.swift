import Datasets
import Deploy
import Foundation
import Graph
import Layers
import Prune
import Quantize
import TensorCore
import TestSupport
import Testing
import Training

/// An untrained network for the images of ``TinyTask``, with its description.
func tiny(seed: UInt64 = 1) -> (network: any Module, description: ModelFile.Description) {
    let description = ModelFile.Description(
        architecture: "convnet-4", normalization: Normalization(mean: [0.3], deviation: [0.25]),
        classNames: ["a", "b", "c"])
    return (ConvNet(width: 4, channels: 1, classes: 3, seed: seed), description)
}

/// The network quantised on some images.
func quantized(_ network: any Module, _ normalization: Normalization) throws -> QuantizedModel {
    try QuantizedModel(
        network, calibratedOn: TinyTask.images(30).calibrationInputs(30, normalization: normalization))
}

@Suite struct StoredModelTests {
    @Test("A file's content says which kind it is, whatever its name; both predict as what was written does")
    func kinds() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let (float, int8) = (folder.appending(path: "int8"), folder.appending(path: "float"))
            try ModelFile(network, inputShape: [8, 8, 1], description: description).write(to: float)
            let model = try quantized(network, description.normalization)
            try ModelFile(model, description: description).write(to: int8)
            let images = TinyTask.images(20, seed: 5)
            let inputs = images.calibrationInputs(20, normalization: description.normalization)[0]
            let stored = (try StoredModel(float), try StoredModel(int8))
            #expect(stored.0.predict(inputs).scalars == network.predict(inputs).scalars)
            #expect(stored.1.predict(inputs).scalars == model.predict(inputs).scalars)
            #expect(stored.0.description == description && stored.1.description == description)
            #expect(stored.1.imageSize == images.size && stored.1.imageSize.description == "8×8×1")
            let report = stored.0.evaluated(on: images)
            #expect(report == network.evaluated(on: images, normalization: description.normalization))
            let choices = stored.1.predict(inputs).argmax()
            let readings = stored.1.classified(images, top: 2)
            #expect(readings.map { $0[0].name } == choices.map { description.classNames[$0] })
            #expect(readings.allSatisfy { $0.count == 2 && $0[0].probability >= $0[1].probability })
            #expect(try stored.0.trained().tensors.keys == network.tensors.keys)
            let error = #expect(throws: FormatError.self) { _ = try stored.1.trained() }
            #expect(error?.found == "an INT8 model")
        }
    }

    @Test(
        "A network without a type of its own is written as a graph, and read as one that predicts and trains the same")
    func graphs() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let traced = try TracedNetwork(
                NetworkGraph(tracing: network, inputShape: [8, 8, 1]).factorized(to: .energy(0.8)))
            let url = folder.appending(path: "graph")
            try ModelFile(traced, inputShape: [8, 8, 1], description: description).write(to: url)
            let stored = try StoredModel(url)
            let inputs = TinyTask.images(6).calibrationInputs(6, normalization: description.normalization)[0]
            #expect(stored.predict(inputs).scalars == traced.predict(inputs).scalars)
            #expect(try stored.trained().tensors.mapValues(\.scalars) == traced.tensors.mapValues(\.scalars))
            #expect(stored.description == description)
            try ModelFile(network, inputShape: [8, 8, 1], description: description).write(to: url)
            #expect(try StoredModel(url).trained().bits == network.bits)
        }
    }

    @Test("An int8 file whose description is missing, or is about other channels or classes than the network takes")
    func descriptions() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let url = folder.appending(path: "model")
            let model = try quantized(network, description.normalization)
            try model.write(to: url)
            #expect(throws: FormatError.self) { _ = try StoredModel(url) }
            var (more, colours) = (description, description)
            more.classNames = ["a", "b", "c", "d"]
            colours.normalization = Normalization(mean: [0, 0, 0], deviation: [1, 1, 1])
            for wrong in [more, colours] {
                try ModelFile(model, description: wrong).write(to: url)
                let error = #expect(throws: FormatError.self) { _ = try StoredModel(url) }
                #expect(error?.place == "metadata: description", "\(String(describing: error))")
            }
        }
    }

    @Test("Images of another size or other classes, and a model with other inputs, are refused with both sides named")
    func fits() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let url = folder.appending(path: "model")
            try ModelFile(network, inputShape: [8, 8, 1], description: description).write(to: url)
            let stored = try StoredModel(url)
            let test = TinyTask.images(9)
            try stored.checkFits(DividedData(name: "tiny", train: TinyTask.images(30), test: test))
            let large = ImageSet(
                pixels: [UInt8](repeating: 0, count: 9 * 9 * 3), height: 9, width: 9, channels: 1, labels: [0, 1, 2],
                classNames: ["a", "b", "c"])
            let size = #expect(throws: FormatError.self) {
                try stored.checkFits(DividedData(name: "large", train: large, test: test))
            }
            #expect(size?.found.contains("8×8×1") == true && size?.expected.contains("9×9×1") == true)
            let renamed = ImageSet(
                pixels: test.pixels, height: 8, width: 8, channels: 1, labels: test.labels, classNames: ["a", "b", "x"])
            let classes = #expect(throws: FormatError.self) {
                try stored.checkFits(DividedData(name: "other", train: renamed, test: renamed))
            }
            #expect(classes?.expected.contains("x") == true)
        }
    }

    @Test("A summary's sums against the file and the network: float parameters, int8 weights, arrays by name")
    func summary() throws {
        try withTemporaryFolder { folder in
            let (network, description) = tiny()
            let urls = ["float", "int8"].map { folder.appending(path: $0) }
            try ModelFile(network, inputShape: [8, 8, 1], description: description).write(to: urls[0])
            try ModelFile(try quantized(network, description.normalization), description: description)
                .write(to: urls[1])
            let float = try ModelSummary(StoredModel(urls[0]), name: "float")
            let int8 = try ModelSummary(StoredModel(urls[1]), name: "int8")
            #expect(float.parameters == network.parameterCount && !float.isQuantized && int8.isQuantized)
            #expect(float.multiplyAdds == int8.multiplyAdds && float.multiplyAdds > 0)
            #expect(float.arrays.map(\.name) == network.tensors.keys.sorted())
            #expect(try float.bytes == Data(contentsOf: urls[0]).count)
            #expect(int8.peakActivationBytes * 2 < float.peakActivationBytes)
            #expect(float.nodes.first?.operation == "input" && int8.nodes.contains { $0.type == "INT8" })
        }
    }
}
