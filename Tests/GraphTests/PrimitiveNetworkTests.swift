import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Graph

/// Squeeze-and-excitation, layer normalisation and attention, of which no layer is ours: written with primitives alone.
struct PrimitiveNetwork: Module {
    var stem: Conv2D
    var squeeze, excite, classifier: Dense
    var gain = Parameter(.ones([8]), role: .bias)
    var shift = Parameter(Tensor([0.1, -0.2, 0.3, 0, 0, -0.1, 0.2, 0.1]), role: .bias)
    var query, key, value: Parameter

    init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        stem = Conv2D(2, 8, kernel: 3, using: &random)
        squeeze = Dense(8, 3, using: &random)
        excite = Dense(3, 8, using: &random)
        classifier = Dense(8, 3, using: &random)
        query = Parameter(Tensor(normal: [8, 8], deviation: 0.5, using: &random), role: .weight)
        key = Parameter(Tensor(normal: [8, 8], deviation: 0.5, using: &random), role: .weight)
        value = Parameter(Tensor(normal: [8, 8], deviation: 0.5, using: &random), role: .weight)
    }

    func callAsFunction(_ input: Variable) -> Variable {
        let tape = input.tape
        let maps = stem(input)
        // Squeeze-and-excitation (arXiv 1709.01507): [N, H, W, C] times [N, 1, 1, C].
        let gate = excite(squeeze(maps.mean(axes: [1, 2])).relu()).sigmoid()
        let gated = maps * gate.reshaped(to: [-1, 1, 1, 8])
        // Layer normalisation (arXiv 1607.06450) of each pixel, a token.
        let tokens = gated.reshaped(to: [-1, gated.shape[1] * gated.shape[2], 8])
        let centred = tokens - tokens.mean(axes: [-1], keepingAxes: true)
        let deviation = ((centred * centred).mean(axes: [-1], keepingAxes: true) + 1e-5).sqrt()
        let normal = centred / deviation * gain(on: tape) + shift(on: tape)
        // Attention (arXiv 1706.03762) with one head.
        let q = normal.multiplied(byMatrices: query(on: tape))
        let k = normal.multiplied(byMatrices: key(on: tape))
        let v = normal.multiplied(byMatrices: value(on: tape))
        let scores = q.multiplied(byMatrices: k.transposed([0, 2, 1])) * Float(1 / 8.0.squareRoot())
        let powers = (scores - scores.max(axes: [-1], keepingAxes: true)).exp()
        let shares = powers / powers.sum(axes: [-1], keepingAxes: true)
        let mixed = tokens + shares.multiplied(byMatrices: v)
        return classifier(mixed.mean(axes: [1]))
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("stem", &stem)
        visitor("squeeze", &squeeze)
        visitor("excite", &excite)
        visitor("gain", &gain)
        visitor("shift", &shift)
        visitor("query", &query)
        visitor("key", &key)
        visitor("value", &value)
        visitor("classifier", &classifier)
    }
}

@Suite struct PrimitiveNetworkTests {
    static let network = PrimitiveNetwork(seed: 1)
    static let images = smoothImages(11, side: 5, channels: 2, seed: 2)

    @Test("A network of primitives is traced, run for any batch, written, read, and trains as the module does")
    func wholeWay() throws {
        let expected = Self.network.predict(Self.images)
        let graph = try NetworkGraph(tracing: Self.network, inputShape: [5, 5, 2])
        for graph in [graph, graph.foldingBatchNorm().fusingActivations()] {
            let plan = try InferencePlan(graph)
            for count in [1, 3, 11] {
                let found = plan(Self.images[rows: 0..<count])
                #expect(NetworkGraphTests.largestDifference(found, expected[rows: 0..<count]) < 1e-5)
            }
        }
        // The gate is broadcast, so that the convolution must not take the product or a sum with it as its own.
        let file = try SafetensorsFile(decoding: graph.file(metadata: ["a": "b"]).encoded(), file: "primitives")
        let read = try NetworkGraph.decode(file).graph
        #expect(read.nodes.map(\.operation) == graph.nodes.map(\.operation))
        let traced = try TracedNetwork(read)
        #expect(NetworkGraphTests.largestDifference(traced.predict(Self.images), expected) < 1e-5)

        func step(_ model: some Module) -> (Float, [String: Tensor]) {
            var model = model
            let labels = (0..<11).map { $0 % 3 }
            let (loss, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(Self.images)).softmaxCrossEntropy(labels: labels)
            }
            var found: [String: Tensor] = [:]
            model.forEachParameter { path, parameter in found[path] = gradients[parameter.slot] }
            return (loss, found)
        }
        let (own, again) = (step(Self.network), step(traced))
        #expect(own.0 == again.0 && own.1.count == 13 && own.1.keys == again.1.keys)
        for (path, gradient) in own.1 {
            #expect(again.1[path]?.isBitIdentical(to: gradient) == true, "\(path)")
            // Every parameter has its part: the squeezing layer through its ReLU too.
            #expect(gradient.scalars.contains { $0 != 0 }, "\(path)")
        }
    }

    @Test("An attribute that its type cannot hold is an error that names the node")
    func attributes() throws {
        let graph = try NetworkGraph(
            tracing: ClosureModule { $0.sum(axes: [1]).relu().flattened() }, inputShape: [4, 4, 2])
        for axes in ["[0.5]", "[1e30]", "[9]", "[0]", "7"] {
            var file = graph.file()
            let text = try #require(file.metadata[GraphRecord.key])
            file.metadata[GraphRecord.key] = text.replacing("\"axes\":[1]", with: "\"axes\":\(axes)")
            #expect {
                _ = try NetworkGraph.decode(file)
            } throws: {
                $0 is FormatError && "\($0)".contains("node 1")
            }
        }
    }

    @Test("A result that broadcasts with the batch for some sizes alone, or mixes images, or has no batch axis first")
    func batches() {
        // [N, 2] + [2, 2] has a shape for N = 1 and N = 2.
        #expect(
            NetworkGraphTests.failure { input in
                let rows = input.reshaped(to: [-1, 32]).slice(axis: 1, 0..<2)
                return rows + input.tape.constant(.ones([2, 2]))
            }.contains("add: inputs of [3, 2] and [2, 2]"))
        #expect(NetworkGraphTests.failure { $0.sum(axes: [0, 1, 2]) }.contains("for all images together"))
        #expect(NetworkGraphTests.failure { $0.slice(axis: 0, 0..<1) }.contains("for all images together"))
        #expect(NetworkGraphTests.failure { $0.flattened().transposed([1, 0]) }.contains("[32, N], not [N, ...]"))
        #expect(NetworkGraphTests.failure { $0.padded(before: [1, 0, 0, 0], after: [0, 0, 0, 0]) } != "none")
        // The batch may move on the way.
        #expect(
            NetworkGraphTests.failure { $0.transposed([3, 0, 1, 2]).relu().transposed([1, 2, 3, 0]) } == "none")
    }
}
