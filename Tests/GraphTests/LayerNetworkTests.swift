import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Graph

/// A small vision transformer: patches, a class token, a block of attention, tokens as rows of dense layers.
struct TokenNetwork: Module {
    var patches: Conv2D
    var token, positions: Parameter
    var first = LayerNorm(8)
    var attention: MultiHeadAttention
    var second = RMSNorm(8)
    var hidden, output, classifier: Dense

    init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        patches = Conv2D(2, 8, kernel: 2, stride: 2, padding: 0, using: &random)
        token = Parameter(Tensor(normal: [1, 1, 8], using: &random), role: .bias)
        positions = Parameter(Tensor(normal: [1, 10, 8], using: &random))
        attention = MultiHeadAttention(8, heads: 2, using: &random)
        hidden = Dense(8, 12, using: &random)
        output = Dense(12, 8, using: &random)
        classifier = Dense(8, 3, using: &random)
    }

    func callAsFunction(_ input: Variable) -> Variable {
        let tape = input.tape
        let parts = patches(input).reshaped(to: [-1, 9, 8])
        let tokens = Variable.concatenated([token(on: tape).expanded(toBatchOf: parts), parts], axis: 1)
        let placed = tokens + positions(on: tape)
        let mixed = placed + attention(first(placed))
        let deep = mixed + output(hidden(second(mixed)).gelu())
        return classifier(deep.slice(axis: 1, 0..<1).reshaped(to: [-1, 8]))
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("patches", &patches)
        visitor("token", &token)
        visitor("positions", &positions)
        visitor("first", &first)
        visitor("attention", &attention)
        visitor("second", &second)
        visitor("hidden", &hidden)
        visitor("output", &output)
        visitor("classifier", &classifier)
    }
}

/// Maps through every activation, a normalisation by groups, squeeze-and-excitation.
struct MapNetwork: Module {
    var stem, last: Conv2D
    var norm = GroupNorm(6, groups: 2)
    var slope = PReLU(6)
    var squeeze: SqueezeExcite
    var classifier: Dense

    init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        stem = Conv2D(2, 6, kernel: 3, using: &random)
        squeeze = SqueezeExcite(
            6, squeezed: 3, activation: SiLUOperation(), gate: HardSigmoidOperation(), using: &random)
        last = Conv2D(6, 6, kernel: 3, using: &random)
        classifier = Dense(6, 3, using: &random)
    }

    func callAsFunction(_ input: Variable) -> Variable {
        let maps = squeeze(slope(norm(stem(input))).hardSwish())
        let sum = maps.leakyReLU() + maps.elu() + maps.selu() + maps.softplus() + maps.gelu(.tanh)
        return classifier(last(sum).hardSigmoid(slope: 0.2).globalAveragePooled())
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("stem", &stem)
        visitor("norm", &norm)
        visitor("slope", &slope)
        visitor("squeeze", &squeeze)
        visitor("last", &last)
        visitor("classifier", &classifier)
    }
}

@Suite struct LayerNetworkTests {
    static let images = smoothImages(11, side: 6, channels: 2, seed: 2)

    private func wholeWay(_ network: some Module, parameters: Int) throws {
        let expected = network.predict(Self.images)
        let graph = try NetworkGraph(tracing: network, inputShape: [6, 6, 2])
        for graph in [graph, graph.foldingBatchNorm().fusingActivations()] {
            let plan = try InferencePlan(graph)
            for count in [1, 3, 11] {
                let found = plan(Self.images[rows: 0..<count])
                #expect(NetworkGraphTests.largestDifference(found, expected[rows: 0..<count]) < 1e-5)
            }
        }
        let file = try SafetensorsFile(decoding: graph.file(metadata: [:]).encoded(), file: "layers")
        let read = try NetworkGraph.decode(file).graph
        #expect(read.nodes.map(\.operation) == graph.nodes.map(\.operation))
        let traced = try TracedNetwork(read)
        #expect(NetworkGraphTests.largestDifference(traced.predict(Self.images), expected) < 1e-5)

        func step(_ model: some Module) -> (Float, [String: Tensor], [String: Parameter.Role]) {
            var model = model
            let (loss, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(Self.images)).softmaxCrossEntropy(labels: (0..<11).map { $0 % 3 })
            }
            var (found, roles): ([String: Tensor], [String: Parameter.Role]) = ([:], [:])
            model.forEachParameter { path, parameter in
                (found[path], roles[path]) = (gradients[parameter.slot], parameter.role)
            }
            return (loss, found, roles)
        }
        let (own, again) = (step(network), step(traced))
        #expect(own.0 == again.0 && own.1.count == parameters && own.1.keys == again.1.keys)
        // A network of a file decays what the module would.
        #expect(own.2 == again.2)
        for (path, gradient) in own.1 {
            #expect(again.1[path]?.isBitIdentical(to: gradient) == true, "\(path)")
            #expect(gradient.scalars.contains { $0 != 0 }, "\(path)")
        }
    }

    @Test("A small vision transformer is traced, run for any batch, written, read, and trains as the module does")
    func tokens() throws { try wholeWay(TokenNetwork(seed: 1), parameters: 17) }

    @Test("So does a network of maps with every activation, groups that are normalised, and squeeze-and-excitation")
    func maps() throws { try wholeWay(MapNetwork(seed: 1), parameters: 13) }
}
