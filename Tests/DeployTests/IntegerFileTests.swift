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

@Suite("Quantised files on the integer engine")
struct IntegerFileTests {
    private static func images(_ shape: Shape, seed: UInt64 = 3) -> Tensor {
        var random = Philox(seed: seed)
        return Tensor(normal: shape, using: &random)
    }

    private static func model(_ name: String, _ input: Shape) throws -> QuantizedModel {
        let network = try NetworkRegistry.standard.makeNetwork(named: name, inputShape: input, classes: 10, seed: 7)
        return try QuantizedModel(network, calibratedOn: [images(Shape([4] + input.extents))], repairs: [])
    }

    private static func file(_ model: QuantizedModel) -> ModelFile {
        let channels = model.inputShape.last ?? 1
        return ModelFile(
            model,
            description: ModelFile.Description(
                architecture: "network",
                normalization: Normalization(
                    mean: [Float](repeating: 0.5, count: channels), deviation: [Float](repeating: 0.25, count: channels)
                ),
                classNames: (0..<10).map(String.init)))
    }

    @Test(
        "Quantised here, written as ONNX and read: the same layers, the same bits",
        arguments: [
            ("convnet-8", Shape([12, 10, 3])), ("resnet-8", [16, 16, 3]), ("mlp-16-8", [5, 4, 1]),
            ("mobilenetv2-0.25", [32, 32, 3]), ("shufflenetv2-0.5", [32, 32, 3]),
            ("mobilenetv3-small-0.5", [32, 32, 3]),
        ] as [(String, Shape)])
    func circle(_ name: String, _ input: Shape) throws {
        let model = try Self.model(name, input)
        let data = try Self.file(model).onnx().data()
        let back = try QuantizedModel(ONNXModel(data, name: name).roundedGraph())
        let x = Self.images(Shape([3] + input.extents), seed: 5)
        #expect(back.predict(x).scalars == model.predict(x).scalars)
        let layers = [back, model].map { $0.nodes.filter { $0.parameters > 0 } }
        #expect(layers[0].map(\.path) == layers[1].map(\.path))
        #expect(layers[0].map(\.quantization) == layers[1].map(\.quantization))
        #expect(layers[0].map(\.isFloat) == layers[1].map(\.isFloat))
    }

    /// A block of a vision transformer on the pixels of an image and a class's token.
    private struct Transformer: Module {
        var pixels: Conv2D
        var token: Parameter
        var norm: LayerNorm
        var attention: MultiHeadAttention
        var head: Dense

        init() {
            var random = Philox(seed: 3, operation: RandomPurpose.initialization)
            pixels = Conv2D(3, 8, kernel: 1, padding: 0, using: &random)
            token = Parameter(Tensor(normal: [1, 1, 8], using: &random), role: .bias)
            norm = LayerNorm(8)
            attention = MultiHeadAttention(8, heads: 2, using: &random)
            head = Dense(8, 10, using: &random)
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let rows = pixels(input).reshaped(to: [-1, 6, 8])
            let x = Variable.concatenated([token(on: input.tape).expanded(toBatchOf: rows), rows], axis: 1)
            return head((x + attention(norm(x))).slice(axis: 1, 0..<1).reshaped(to: [-1, 8]))
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("pixels", &pixels)
            visitor("token", &token)
            visitor("norm", &norm)
            visitor("attention", &attention)
            visitor("head", &head)
        }
    }

    @Test("A quantised file without an integer form is INT8 all the same: it teaches, and is not quantised again")
    func withoutIntegers() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "vit.onnx")
            let model = try QuantizedModel(Transformer(), calibratedOn: [Self.images([4, 2, 3, 3])], repairs: [])
            try Self.file(model).onnx().write(to: url)
            let stored = try StoredModel(url)
            #expect(stored.integerRefusal?.contains("quantised") == true, "\(stored.integerRefusal ?? "")")
            #expect(try !stored.trained().tensors.isEmpty)
            let error = #expect(throws: FormatError.self) { _ = try stored.unquantized() }
            #expect(error?.found == "an INT8 model")
        }
    }

    @Test("A quantised file opens as an INT8 model and goes out as C; what trains on it has it in float32")
    func stored() throws {
        try withTemporaryFolder { folder in
            let input: Shape = [8, 8, 1]
            let model = try Self.model("convnet-4", input)
            let url = folder.appending(path: "model.onnx")
            try Self.file(model).onnx().write(to: url)
            let stored = try StoredModel(url)
            let x = Self.images([3, 8, 8, 1], seed: 5)
            guard case .int8(let network) = stored.network else {
                Issue.record("not in integers")
                return
            }
            #expect(stored.predict(x).scalars == model.predict(x).scalars)
            #expect(try CExport(network, name: "model").source.contains("void model_run"))
            let float = try stored.trained().predict(x)
            let scale = float.scalars.map(abs).max() ?? 0
            #expect(zip(float.scalars, model.predict(x).scalars).allSatisfy { abs($0 - $1) < 0.05 * scale })
            let summary = try ONNXSummary(url)
            #expect(summary.integers?.refusal == nil && summary.integers?.floatNodes == [])
            #expect(summary.peakActivationBytes == model.peakActivationBytes)
            // Files in float32 say nothing of integers.
            let plain = folder.appending(path: "float.onnx")
            try ONNXExport(NetworkGraph(tracing: stored.trained(), inputShape: input)).write(to: plain)
            #expect(try ONNXSummary(plain).integers == nil)
        }
    }
}
