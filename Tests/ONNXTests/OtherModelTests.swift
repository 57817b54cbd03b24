import Foundation
import Graph
import TensorCore
import Testing

@testable import ONNX

/// Networks that others made, beside what ONNX Runtime computes with them (Scripts/make-onnx-goldens).
@Suite("Networks from elsewhere", .enabled(if: RuntimeGolden.models != nil, "RETORT_MODELS is not set"))
struct OtherModelTests {
    private static func difference(_ result: Tensor, _ expected: RuntimeGolden.Output) -> Float {
        let scalars = result.scalars
        let kept = stride(from: 0, to: scalars.count, by: expected.stride).map { scalars[$0] }
        guard kept.count == expected.elements.count else { return .infinity }
        return zip(kept, expected.elements).map { abs($0 - $1) }.max().map { $0 / expected.largest } ?? 0
    }

    @Test(
        "They compute what ONNX Runtime computes: float32 within 1e-5 of the largest output, int8 within a few steps, dynamic int8 to the bit"
    )
    func runs() throws {
        for (name, golden) in try RuntimeGolden.read().sorted(by: { $0.key < $1.key }) {
            let model = try ONNXModel(contentsOf: try #require(RuntimeGolden.models).appending(path: name))
            let results = try model.run([model.inputs[0].name: ONNXTensor(golden.images)])
            // A runtime may round the numbers between QuantizeLinear and DequantizeLinear elsewhere than we do.
            let bound: Float = name.contains("qdq") ? 0.05 : name.contains("dynamic") ? 0 : 1e-5
            for (output, expected) in golden.outputs {
                let result = try #require(results[output])
                #expect(result.shape.extents == expected.shape, "\(name) \(output)")
                #expect(Self.difference(result.tensor, expected) <= bound, "\(name) \(output)")
            }
        }
    }

    @Test("As graphs they give the same")
    func graphs() throws {
        for (name, golden) in try RuntimeGolden.read().sorted(by: { $0.key < $1.key }) where !name.contains("dynamic") {
            let model = try ONNXModel(contentsOf: try #require(RuntimeGolden.models).appending(path: name))
            let size = (golden.input[2], golden.input[3])
            let graph = try model.graph(imageSize: size).foldingBatchNorm().fusingActivations()
            let result = try InferencePlan(graph)(golden.images.transposed([0, 2, 3, 1]))
            let expected = try #require(golden.outputs[model.outputs[0].name])
            let bound: Float = name.contains("qdq") || name.contains("qlinear") ? 0.05 : 1e-5
            #expect(Self.difference(result, expected) < bound, "\(name)")
            // And after they were written and read again.
            let again = try ONNXModel(ONNXExport(graph).data(), name: name).graph()
            #expect(
                Self.difference(try InferencePlan(again)(golden.images.transposed([0, 2, 3, 1])), expected)
                    < bound)
        }
    }

    @Test("A model whose quantisation looks at the whole batch is no graph, and says so")
    func dynamic() throws {
        let model = try ONNXModel(
            contentsOf: try #require(RuntimeGolden.models).appending(path: "cifar10-resnet20-dynamic.onnx"))
        #expect {
            try model.graph()
        } throws: {
            "\($0)".contains("dynamic quantisation (other scales for each image) found, static quantisation")
        }
    }
}
