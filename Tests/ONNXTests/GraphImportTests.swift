import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import ONNX

@Suite("A model as a graph")
struct GraphImportTests {
    private static func images(_ shape: Shape) -> Tensor {
        var random = Philox(seed: 5)
        return Tensor(normal: shape, using: &random)
    }

    @Test(
        "A network goes out and comes back: the same outputs, the same names of parameters",
        arguments: [
            ("convnet-8", Shape([12, 10, 3])), ("resnet-8", Shape([16, 16, 3])), ("mlp-16-8", Shape([5, 4, 1])),
            ("mobilenetv3-small-0.35", Shape([32, 32, 3])), ("shufflenetv2-0.5", Shape([32, 32, 3])),
            ("vit-tiny", Shape([32, 16, 3])),
        ])
    func roundTrip(_ name: String, _ shape: Shape) throws {
        let module = try NetworkRegistry.standard.makeNetwork(named: name, inputShape: shape, classes: 5, seed: 3)
        let graph = try NetworkGraph(tracing: module, inputShape: shape)
        for written in [graph, graph.foldingBatchNorm().fusingActivations()] {
            let model = try ONNXModel(ONNXExport(written).data(), name: name)
            let back = try model.graph()
            let x = Self.images(Shape([3] + shape.extents))
            let expected = try InferencePlan(graph)(x)
            #expect(relativeDifference(try InferencePlan(back)(x), expected) < 1e-5)
            // As another runtime would see it: channels first.
            let run = try model.run([model.inputs[0].name: ONNXTensor(x.transposed([0, 3, 1, 2]))])
            #expect(relativeDifference(try #require(run["logits"]).tensor, expected) < 1e-5)
        }
        let back = try TracedNetwork(ONNXModel(ONNXExport(graph).data(), name: name).graph())
        #expect(Set(back.parameters.map(\.path)) == Set(module.parameters.map(\.path)))
    }

    @Test("The same network gives the same bytes")
    func deterministic() throws {
        let module = try NetworkRegistry.standard.makeNetwork(
            named: "resnet-8", inputShape: [8, 8, 3], classes: 4, seed: 0)
        let graph = try NetworkGraph(tracing: module, inputShape: [8, 8, 3])
        #expect(try ONNXExport(graph).data() == ONNXExport(graph).data())
    }

    @Test("A shuffle of channels moves nothing but channels: images stay as they lie")
    func shuffle() throws {
        let nodes = [
            Models.node("Reshape", ["x", "split"], ["a"]),
            Models.node("Transpose", ["a"], ["b"], ["perm": .ints([0, 2, 1, 3, 4])]),
            Models.node("Reshape", ["b", "join"], ["y"]),
        ]
        var model = Models.model(nodes, inputs: [("x", [nil, 6, 4, 4])])
        model.graph.initializer = [("split", [-1, 2, 3, 4, 4]), ("join", [-1, 6, 4, 4])].map { name, extents in
            var message = Onnx_TensorProto(extents, [extents.count], .int64)
            message.name = name
            return message
        }
        let read = try Models.read(model)
        let x = Self.images([2, 6, 4, 4])
        let expected = x.reshaped(to: [2, 2, 3, 4, 4]).transposed([0, 2, 1, 3, 4]).reshaped(to: [2, 6, 4, 4])
        #expect(try #require(read.run(["x": ONNXTensor(x)])["y"]).tensor == expected)
        let graph = try read.graph()
        #expect(try InferencePlan(graph)(x.transposed([0, 2, 3, 1])) == expected)
        // One transposition of the channels' own axes, and the one that ONNX's result wants.
        #expect(graph.nodes.count { $0.operation?.is(TransposeOperation.self) == true } <= 2)
    }

    @Test("A batch that the model fixes at one is open in the graph, also where extents of it are written out")
    func fixedBatch() throws {
        let nodes = [
            Models.node("Conv", ["x", "w"], ["a"]),
            Models.node("Transpose", ["a"], ["b"], ["perm": .ints([0, 2, 3, 1])]),
            Models.node("Reshape", ["b", "extents"], ["y"]),
        ]
        var model = Models.model(
            nodes, inputs: [("x", [1, 3, 4, 4])], stored: ["w": Self.images([4, 3, 1, 1])])
        var extents = Onnx_TensorProto([1, -1, 2], [3], .int64)
        extents.name = "extents"
        model.graph.initializer.append(extents)
        let read = try Models.read(model)
        let x = Self.images([5, 4, 4, 3])
        let all = try InferencePlan(read.graph())(x)
        #expect(all.shape == [5, 32, 2])
        for image in 0..<5 {
            let one = ONNXTensor(x[rows: image..<image + 1].transposed([0, 3, 1, 2]))
            let expected = try #require(read.run(["x": one])["y"]).tensor
            #expect(relativeDifference(all[rows: image..<image + 1], expected) < 1e-5)
        }
    }

    @Test("Functions that the model brings are inlined, with the attributes of their calls")
    func functions() throws {
        var function = Onnx_FunctionProto()
        (function.name, function.domain, function.input, function.output) = ("Scaled", "own", ["a"], ["b"])
        function.attribute = ["alpha"]
        var inner = Models.node("LeakyRelu", ["a"], ["b"])
        var reference = Onnx_AttributeProto()
        (reference.name, reference.refAttrName, reference.type) = ("alpha", "alpha", .float)
        inner.attribute = [reference]
        function.node = [inner]
        function.opsetImport = [.with { $0.version = 13 }]
        var call = Models.node("Scaled", ["x"], ["y"], ["alpha": .float(0.5)])
        call.domain = "own"
        var model = Models.model([call], inputs: [("x", [nil, 3])])
        model.functions = [function]
        let read = try Models.read(model)
        #expect(read.unreadOperators.isEmpty)
        let result = try read.run(["x": ONNXTensor(Tensor([-2, 0, 4], shape: [1, 3]))])
        #expect(result["y"]?.tensor.scalars == [-1, 0, 4])
        // A function that calls itself ends.
        var loop = model
        loop.functions[0].node[0].opType = "Scaled"
        loop.functions[0].node[0].domain = "own"
        #expect(Models.complaint(loop).contains("32 deep"))
    }

    @Test("Gradients reach the parameters of an imported network")
    func trains() throws {
        let module = try NetworkRegistry.standard.makeNetwork(
            named: "convnet-8", inputShape: [8, 8, 1], classes: 3, seed: 1)
        let graph = try NetworkGraph(tracing: module, inputShape: [8, 8, 1])
        let back = try TracedNetwork(ONNXModel(ONNXExport(graph).data(), name: "model").graph())
        let x = Self.images([4, 8, 8, 1])
        func gradients(_ network: some Module) -> [String: Tensor] {
            var network = network
            let gradients = valueAndGradients(of: &network) { network, tape in
                let output = network(tape.input(x))
                return (output * output).sum()
            }.gradients
            var found: [String: Tensor] = [:]
            network.forEachParameter { path, parameter in found[path] = gradients[parameter.slot] }
            return found
        }
        let (own, imported) = (gradients(module), gradients(back))
        #expect(own.count == imported.count)
        for (path, gradient) in own {
            #expect(relativeDifference(try #require(imported[path]), gradient) < 1e-4, "\(path)")
        }
    }
}
