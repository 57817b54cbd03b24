import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Prune

/// Dense layers that read several rows of an image.
@Suite struct TokenTests {
    /// A block of a vision transformer; the tokens of all images are the rows of its dense layers if asked, [5 · N, 8].
    struct Block: Module {
        var norm = LayerNorm(8)
        var attention: MultiHeadAttention
        var hidden, output, classifier: Dense
        let merged: Bool

        init(merged: Bool) {
            var random = Philox(seed: 9)
            attention = MultiHeadAttention(8, heads: 2, using: &random)
            hidden = Dense(8, 16, using: &random)
            output = Dense(16, 8, using: &random)
            classifier = Dense(8, 3, using: &random)
            self.merged = merged
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let mixed = input + attention(norm(input))
            let rows = output(hidden(merged ? mixed.reshaped(to: [-1, 8]) : mixed).gelu())
            let deep = mixed + (merged ? rows.reshaped(to: [-1, 5, 8]) : rows)
            return classifier(deep.slice(axis: 1, 0..<1).reshaped(to: [-1, 8]))
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("norm", &norm)
            visitor("attention", &attention)
            visitor("hidden", &hidden)
            visitor("output", &output)
            visitor("classifier", &classifier)
        }
    }

    static let tokens: Tensor = {
        var random = Philox(seed: 10)
        return Tensor(normal: [12, 5, 8], using: &random)
    }()

    private static func difference(_ a: Tensor, _ b: Tensor) -> Float { (a - b).scalars.map(abs).max() ?? .infinity }

    @Test(
        "Hidden channels of dense layers are cut, the width of tokens stays, and inputs that are lost are made up for",
        arguments: [false, true])
    func filters(merged: Bool) throws {
        let model = Block(merged: merged)
        let cuts = try FilterCuts(of: model, inputShape: [5, 8], to: .multiplyAdds(0.8), by: .l1, channelMultiple: 1)
        let small = try model.pruned(to: .multiplyAdds(0.8), inputShape: [5, 8])
        #expect(small.hidden.weight.value.shape[1] < 16 && small.attention.qkv.weight.value.shape == [8, 24])
        let expected = FilterPruningTests.zeroing(model, cuts).predict(Self.tokens)
        #expect(Self.difference(small.predict(Self.tokens), expected) < 1e-4)
        let repaired = try model.pruned(to: .multiplyAdds(0.8), inputShape: [5, 8], compensatingOn: Self.tokens)
        let whole = model.predict(Self.tokens)
        #expect(
            signalToNoise(repaired.predict(Self.tokens), whole) > signalToNoise(small.predict(Self.tokens), whole) + 1)
    }

    @Test("Dense layers on tokens are replaced by two of a lower rank", arguments: [false, true])
    func ranks(merged: Bool) throws {
        let model = Block(merged: merged)
        let graph = try NetworkGraph(tracing: model, inputShape: [5, 8])
        let small = try graph.factorized(to: .multiplyAdds(0.7))
        #expect(small.nodes.count > graph.nodes.count && Double(small.multiplyAdds) <= 0.7 * Double(graph.multiplyAdds))
        let found = try TracedNetwork(small).predict(Self.tokens)
        #expect(signalToNoise(found, model.predict(Self.tokens)) > 5)
        let file = try NetworkGraph.decode(small.file()).graph
        #expect(try InferencePlan(file)(Self.tokens).isBitIdentical(to: InferencePlan(small)(Self.tokens)))
    }
}
