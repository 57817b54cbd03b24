import Datasets
import Deploy
import Foundation
import Graph
import Layers
import ONNX
import Quantize
import TensorCore
import Testing

/// Quantised networks beside what ONNX Runtime computes with them (Scripts/make-onnx-goldens).
@Suite("Quantised files give the outputs of ONNX Runtime")
struct IntegerGoldenTests {
    private static let own = ["convnet-8-int8.onnx", "resnet-8-int8.onnx"]

    private static func check(_ name: String, in folder: URL, integerLayers: Int) throws {
        let golden = try #require(try RuntimeGolden.read("integers.json")[name])
        let model = try QuantizedModel(ONNXModel(contentsOf: folder.appending(path: name)).roundedGraph())
        #expect(model.nodes.count { $0.parameters > 0 } == integerLayers && !model.nodes.contains(where: \.isFloat))
        let result = model.predict(golden.images.transposed([0, 2, 3, 1])).scalars
        let expected = try #require(golden.outputs["logits"]?.elements)
        try #require(result.count == expected.count && expected.count == 320)
        let differences = zip(result, expected).map { abs($0 - $1) }
        #expect(Double(differences.count { $0 == 0 }) >= 0.999 * Double(expected.count), "\(name)")
        // Logits in float32 have no step.
        #expect(differences.max() ?? 0 <= 1.01 * (model.nodes.last?.quantization?.scale ?? 0), "\(name)")
    }

    @Test("What we wrote", arguments: zip(own, [5, 10]))
    func ours(_ name: String, _ layers: Int) throws {
        try Self.check(name, in: RuntimeGolden.folder, integerLayers: layers)
    }

    @Test(
        "What others quantised, as pairs around operators and as integer operators",
        .enabled(if: RuntimeGolden.models != nil, "RETORT_MODELS is not set"),
        arguments: ["cifar10-resnet20-qdq.onnx", "cifar10-resnet20-qlinear.onnx"])
    func others(_ name: String) throws {
        try Self.check(name, in: try #require(RuntimeGolden.models), integerLayers: 20)
    }

    @Test("We still write what was checked there", arguments: own)
    func form(_ name: String) throws {
        let input: Shape = [28, 28, 1]
        let network = try NetworkRegistry.standard.makeNetwork(
            named: String(name.dropLast("-int8.onnx".count)), inputShape: input, classes: 10, seed: 1)
        let model = try QuantizedModel(network, calibratedOn: [Tensor.ones([2, 28, 28, 1])], repairs: [])
        let description = ModelFile.Description(
            architecture: "network", normalization: Normalization(mean: [0.5], deviation: [0.5]),
            classNames: (0..<10).map(String.init))
        let written = try ONNXModel(ModelFile(model, description: description).onnx().data(), name: name)
        let checked = try ONNXModel(contentsOf: RuntimeGolden.folder.appending(path: name))
        #expect(written.operators == checked.operators)
    }
}
