import Autograd
import Graph
import Quantize
import TensorCore
import TestSupport
import Testing

@testable import ONNX

@Suite("What a file writes as arithmetic with stored numbers is part of layers and functions")
struct StoredNumberTests {
    private static func random(_ shape: Shape, _ seed: UInt64) -> Tensor {
        var random = Philox(seed: seed)
        return Tensor(normal: shape, using: &random)
    }

    /// The operations of a model's graph, which computes what the model does.
    private static func operations(
        _ nodes: [Onnx_NodeProto], _ input: [Int?], _ stored: [String: Tensor]
    ) throws -> [NetworkGraph.Node] {
        let model = try Models.read(Models.model(nodes, inputs: [("x", input)], stored: stored))
        let graph = try model.graph()
        let x = random(Shape([3] + input.dropFirst().compactMap(\.self)), 4)
        let isImage = input.count == 4
        let expected = try #require(model.run(["x": ONNXTensor(x)])["y"]).tensor
        let found = try InferencePlan(graph)(isImage ? x.transposed([0, 2, 3, 1]) : x)
        #expect(relativeDifference(found, expected) < 1e-6)
        return graph.nodes
    }

    @Test("MatMul and Add are a dense layer, whichever operand is the vector, also on the rows of tokens")
    func joined() throws {
        let stored = ["w": Self.random([5, 4], 1), "b": Self.random([4], 2)]
        for (input, addends) in [([nil, 5], ["p", "b"]), ([nil, 3, 5], ["b", "p"])] as [([Int?], [String])] {
            let nodes = try Self.operations(
                [Models.node("MatMul", ["x", "w"], ["p"]), Models.node("Add", addends, ["y"])], input, stored)
            let layer = try #require(nodes.first { $0.isLinearLayer })
            #expect(!nodes.contains { $0.operation?.is(AddOperation.self) == true })
            let paths = layer.operands.compactMap { operand -> String? in
                if case .tensor(_, let path) = operand { path } else { nil }
            }
            #expect(paths == ["w", "b"])
        }
        // A convolution, whose channels ONNX has first.
        let nodes = try Self.operations(
            [Models.node("Conv", ["x", "k"], ["p"]), Models.node("Add", ["p", "b"], ["y"])], [nil, 3, 6, 6],
            ["k": Self.random([2, 3, 3, 3], 1), "b": Self.random([1, 2, 1, 1], 2)])
        #expect(nodes.first { $0.isLinearLayer }?.operands.count == 3)
        #expect(!nodes.contains { $0.operation?.is(AddOperation.self) == true })
    }

    @Test("A sum stays one where the product is read elsewhere, the layer has a bias, or the vector lies otherwise")
    func kept() throws {
        let w = Self.random([5, 4], 1)
        let product = Models.node("MatMul", ["x", "w"], ["p"])
        let sum = Models.node("Add", ["p", "b"], ["s"])
        let cases: [([Onnx_NodeProto], [Int?], [String: Tensor])] = [
            ([product, sum, Models.node("Mul", ["s", "p"], ["y"])], [nil, 5], ["b": Self.random([4], 2)]),
            ([product, Models.node("Add", ["p", "b"], ["y"])], [nil, 3, 5], ["b": Self.random([3, 1], 2)]),
            ([product, Models.node("Add", ["p", "b"], ["y"])], [nil, 3, 5], ["b": Self.random([3, 4], 2)]),
            (
                [Models.node("Gemm", ["x", "w", "c"], ["p"]), Models.node("Add", ["p", "b"], ["y"])], [nil, 5],
                ["b": Self.random([4], 2), "c": Self.random([4], 3)]
            ),
        ]
        for (nodes, input, stored) in cases {
            let found = try Self.operations(nodes, input, stored.merging(["w": w]) { $1 })
            #expect(found.count { $0.operation?.is(AddOperation.self) == true } == 1)
        }
    }

    @Test("Arithmetic with a stored single number is a function of one number, and a table in int8")
    func numbers() throws {
        let nodes = [
            Models.node("Add", ["three", "x"], ["a"]), Models.node("Clip", ["a", "zero", "six"], ["c"]),
            Models.node("Mul", ["x", "c"], ["m"]), Models.node("Div", ["m", "six"], ["d"]),
            Models.node("Sub", ["d", "three"], ["s"]), Models.node("Sub", ["six", "s"], ["y"]),
        ]
        let stored = ["zero": Tensor(0), "six": Tensor(6), "three": Tensor([3])]
        let model = try Models.read(Models.model(nodes, inputs: [("x", [nil, 5])], stored: stored))
        let x = Self.random([40, 5], 4) * 3
        let expected = try #require(model.run(["x": ONNXTensor(x)])["y"]).tensor
        let graph = try model.graph().foldingBatchNorm()
        #expect(relativeDifference(try InferencePlan(graph)(x), expected) < 1e-6)
        // A number less a value is no function here.
        let int8 = try QuantizedModel(graph: model.graph(), calibratedOn: [x])
        #expect(int8.nodes.filter(\.isFloat).map(\.operation) == ["subtract"])
        #expect(signalToNoise(int8.predict(x), expected) > 35)
    }

    @Test(
        "Networks from elsewhere are computed on integers but for a softmax and a resizing, and go out as C",
        .enabled(if: RuntimeGolden.models != nil, "RETORT_MODELS is not set"),
        arguments: [
            ("mobilenetv2-0.5-128", ["softmax"]), ("ocr-direction", ["softmax"]), ("face-rfb-320", ["softmax"]),
            ("fastestdet", ["resize", "softmax"]), ("cifar10-resnet20", []),
        ])
    func others(_ name: String, _ floats: [String]) throws {
        let file = name + ".onnx"
        let model = try ONNXModel(contentsOf: try #require(RuntimeGolden.models).appending(path: file))
        let golden = try #require(try RuntimeGolden.read()[file])
        let images = golden.images.transposed([0, 2, 3, 1])[rows: 0..<1]
        let graph = try model.graph(imageSize: (golden.input[2], golden.input[3]))
        let int8 = try QuantizedModel(graph: graph, calibratedOn: [images], repairs: [])
        #expect(int8.nodes.filter(\.isFloat).map(\.operation) == floats)
        // Little beside the weights and biases of integers: no list of the place of every value that moves.
        let constants = try CExport(int8, name: "net").constantBytes
        #expect(constants < int8.nodes.reduce(30_000) { $0 + $1.byteCount })
    }
}
