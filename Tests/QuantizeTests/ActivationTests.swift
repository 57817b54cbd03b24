import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// Activations as tables of 256 bytes, dense layers on tokens in int8, and normalisations that stay in float32.
@Suite struct ActivationTests {
    @Test("Every activation is a table in uint8 and in C, hard-swish between convolutions among them")
    func tables() throws {
        struct Network: Module {
            var first, second: Conv2D
            init() {
                var random = Philox(seed: 6)
                first = Conv2D(2, 8, kernel: 3, using: &random)
                second = Conv2D(8, 4, kernel: 3, stride: 2, using: &random)
            }
            func callAsFunction(_ input: Variable) -> Variable { second(first(input).hardSwish()).hardSigmoid() }
            mutating func visitParameters(_ visitor: ParameterVisitor) {
                visitor("first", &first)
                visitor("second", &second)
            }
        }
        let images = smoothImages(6, side: 8, channels: 2, seed: 8)
        try CExportTests.check(Network(), images)
        let int8 = try QuantizedModel(Network(), calibratedOn: [images])
        #expect(int8.nodes.filter(\.isFloat).isEmpty)
        #expect(signalToNoise(int8.predict(images), Network().predict(images)) > 25)
        let all = ClosureModule { input in
            let parts = [
                input.silu(), input.gelu(), input.gelu(.tanh), input.softplus(), input.elu(), input.selu(),
                input.leakyReLU(slope: 0.3), input.hardSigmoid(slope: 0.2), (input * 3).rounded(), input.sign(),
            ]
            return .concatenated(parts, axis: 3)
        }
        try CExportTests.check(all, images)
    }

    /// Tokens [N, 16, 6] through two dense layers.
    struct Tokens: Module {
        var first, second: Dense
        var norm: LayerNorm?

        init(normalized: Bool) {
            var random = Philox(seed: 7)
            first = Dense(6, 10, using: &random)
            second = Dense(10, 5, using: &random)
            norm = normalized ? LayerNorm(10) : nil
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let hidden = first(input).gelu()
            return second(norm?(hidden) ?? hidden)
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("first", &first)
            visitor("norm", &norm)
            visitor("second", &second)
        }
    }

    static let tokens: Tensor = {
        var random = Philox(seed: 8)
        return Tensor(normal: [12, 16, 6], using: &random)
    }()

    @Test("Dense layers on tokens have int8 weights and a C form, and read back to the same bits")
    func denseOnTokens() throws {
        let network = Tokens(normalized: false)
        try CExportTests.check(network, Self.tokens)
        let int8 = try QuantizedModel(network, calibratedOn: [Self.tokens])
        #expect(signalToNoise(int8.predict(Self.tokens), network.predict(Self.tokens)) > 25)
        let copy = try QuantizedModel.decode(int8.file(metadata: [:])).model
        #expect(copy.predict(Self.tokens).isBitIdentical(to: int8.predict(Self.tokens)))
        // 16 tokens of 60 products, and of 50.
        let products: Int = int8.nodes.map(\.multiplyAdds).reduce(0, +)
        #expect(products == 16 * (60 + 50))
    }

    /// Rows of which an image has several, [16 · N, 6], or maps [N, 4, 4, 6], through dense layers.
    struct Rows: Module {
        var layers = Tokens(normalized: false)
        let merged: Bool

        func callAsFunction(_ input: Variable) -> Variable {
            layers(input.reshaped(to: merged ? [-1, 6] : [-1, 4, 4, 6])).reshaped(to: [-1, 16, 5])
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("layers", &layers) }
    }

    @Test("Rows may stand in the batch axis, and in the axes of a map", arguments: [true, false])
    func rows(merged: Bool) throws {
        let network = Rows(merged: merged)
        let expected = network.predict(Self.tokens)
        #expect(expected.isBitIdentical(to: network.layers.predict(Self.tokens)))
        for layers: Set<String> in [[], ["dense"], ["layers.second"]] {
            let mixed = try QuantizedModel(network, calibratedOn: [Self.tokens], floatLayers: layers)
            #expect(signalToNoise(mixed.predict(Self.tokens), expected) > 25, "\(layers)")
            let copy = try QuantizedModel.decode(mixed.file(metadata: [:])).model
            #expect(copy.predict(Self.tokens).isBitIdentical(to: mixed.predict(Self.tokens)))
            try CFloatExportTests.check(mixed, Self.tokens, within: layers.isEmpty ? 0 : 0.01)
        }
    }

    @Test("A layer normalisation between int8 layers is computed in float32, also while rounding is trained")
    func normalization() throws {
        let network = Tokens(normalized: true)
        let mixed = try QuantizedModel(network, calibratedOn: [Self.tokens])
        #expect(mixed.nodes.filter(\.isFloat).map(\.operation) == ["layerNorm"])
        let aware = try QuantizationAwareNetwork(network, calibratedOn: [Self.tokens])
        let trained = try aware.quantized()
        #expect(trained.nodes.compactMap(\.floatReason) == ["no INT8 kernel"])
        #expect(signalToNoise(aware.predict(Self.tokens), trained.predict(Self.tokens)) > 60)
        try CFloatExportTests.check(mixed, Self.tokens, within: 0.01)
        #expect(signalToNoise(mixed.predict(Self.tokens), network.predict(Self.tokens)) > 25)
        let copy = try QuantizedModel.decode(mixed.file(metadata: [:])).model
        #expect(copy.predict(Self.tokens).isBitIdentical(to: mixed.predict(Self.tokens)))
    }
}
