import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

// Layers that are composed of several operations, against plain loops in Double.
@Suite struct TokenLayerTests {
    private func draw(_ shape: Shape, _ sample: Int) -> Tensor {
        var random = Philox(seed: 91, sample: sample)
        return Tensor(normal: shape, using: &random)
    }

    /// Rows times a matrix, plus a row.
    private static func dense(_ x: DoubleArray, _ weight: DoubleArray, _ bias: DoubleArray) -> DoubleArray {
        let (inputs, outputs) = (weight.shape[0], weight.shape[1])
        let values = x.rows.flatMap { row in
            (0..<outputs).map { output in
                (0..<inputs).reduce(bias.values[output]) { $0 + row[$1] * weight[[$1, output]] }
            }
        }
        return DoubleArray(values, shape: Shape(x.shape.dropLast() + [outputs]))
    }

    /// Attention as the paper writes it, token by token and head by head.
    private static func attention(_ arrays: [DoubleArray], heads: Int) -> DoubleArray {
        let packed = dense(arrays[0], arrays[1], arrays[2])
        let (images, tokens, channels) = (packed.shape[0], packed.shape[1], packed.shape[2] / 3)
        let size = channels / heads
        var mixed = DoubleArray(zeros: [images, tokens, channels])
        for image in 0..<images {
            for head in 0..<heads {
                for token in 0..<tokens {
                    func part(_ kind: Int, _ token: Int, _ place: Int) -> Double {
                        packed[[image, token, kind * channels + head * size + place]]
                    }
                    let scores = (0..<tokens).map { other in
                        (0..<size).reduce(0) { $0 + part(0, token, $1) * part(1, other, $1) }
                            / Double(size).squareRoot()
                    }
                    let sum = scores.reduce(0) { $0 + Foundation.exp($1) }
                    for place in 0..<size {
                        let value = (0..<tokens).reduce(0) {
                            $0 + Foundation.exp(scores[$1]) / sum * part(2, $1, place)
                        }
                        mixed.values[(image * tokens + token) * channels + head * size + place] = value
                    }
                }
            }
        }
        return dense(mixed, arrays[3], arrays[4])
    }

    @Test(
        "Attention, with one head and with several, of one token and of many",
        arguments: [(1, 1, 3), (3, 5, 6), (2, 4, 8)])
    func attention(heads: Int, tokens: Int, channels: Int) {
        var random = Philox(seed: 92)
        let layer = MultiHeadAttention(channels, heads: heads, using: &random)
        let inputs = [
            draw([2, tokens, channels], 1), layer.qkv.weight.value, layer.qkv.bias.value, layer.proj.weight.value,
            layer.proj.bias.value,
        ]
        #expect(
            layer.predict(inputs[0]).distance(to: Self.attention(inputs.map(DoubleArray.init), heads: heads)) < 1e-5)
        #expect(
            gradientComplaints(
                inputs, operation: { Self.composed(heads, $0) },
                oracle: { Self.attention($0, heads: heads) }) == [])
    }

    /// The same from operations, with all heads in one tensor of five axes.
    private static func composed(_ heads: Int, _ x: [Variable]) -> Variable {
        let (tokens, channels) = (x[0].shape[1], x[0].shape[2])
        let packed = x[0].multiplied(byMatrix: x[1], bias: x[2])
        let parts = packed.reshaped(to: [-1, tokens, 3, heads, channels / heads])
            .transposed([2, 0, 3, 1, 4]).split(axis: 0, into: [1, 1, 1])
        let scores = parts[0].multiplied(byMatrices: parts[1].transposed([0, 1, 2, 4, 3]))
        let shares = (scores * (1 / Float(channels / heads).squareRoot())).softmax()
        let mixed = shares.multiplied(byMatrices: parts[2]).transposed([0, 1, 3, 2, 4])
        return mixed.reshaped(to: [-1, tokens, channels]).multiplied(byMatrix: x[3], bias: x[4])
    }

    @Test("The layer's own gradients are those of the same steps written otherwise")
    func gradients() {
        var random = Philox(seed: 93)
        var layer = MultiHeadAttention(6, heads: 2, using: &random)
        let (x, direction) = (draw([3, 4, 6], 2), draw([3, 4, 6], 3))
        let (_, own) = valueAndGradients(of: &layer) { layer, tape in
            layer(tape.constant(x)).multiplied(byBroadcast: direction).sum()
        }
        let tape = Tape(mode: .training)
        let slots = layer.parameters.map { tape.bind($0.parameter.value, path: $0.path, needsGradient: true) }
        let variables = [tape.constant(x)] + slots.compactMap { tape.variable(at: $0) }
        let other = tape.gradients(
            of: Self.composed(2, variables).multiplied(byBroadcast: direction).sum())
        for ((path, parameter), slot) in zip(layer.parameters, slots) {
            let (found, expected) = (own[parameter.slot], other[slot])
            #expect(found.map { $0.distance(to: DoubleArray(expected!)) < 1e-4 } == true, "\(path)")
        }
    }

    @Test("Squeeze-and-excitation with the activations of MobileNetV3 and of EfficientNet")
    func squeezeExcite() {
        var random = Philox(seed: 94)
        let plain = SqueezeExcite(5, squeezed: 2, using: &random)
        let hard = SqueezeExcite(5, squeezed: 2, gate: HardSigmoidOperation(), using: &random)
        let smooth = SqueezeExcite(5, squeezed: 2, activation: SiLUOperation(), using: &random)
        func sigmoid(_ x: Double) -> Double { 1 / (1 + Foundation.exp(-x)) }
        func check(
            _ layer: SqueezeExcite, _ activation: (Double) -> Double, _ gate: (Double) -> Double
        ) {
            let x = DoubleArray(draw([2, 3, 4, 5], 4))
            func matrix(_ parameter: Parameter) -> DoubleArray {
                DoubleArray(parameter.value.reshaped(to: Shape(parameter.value.shape.suffix(2).map { $0 })))
            }
            let means = x.reduced([1, 2]) { $0.reduce(0, +) / Double($0.count) }
            let hidden = Self.dense(means, matrix(layer.fc1.weight), DoubleArray(layer.fc1.bias!.value)).map(activation)
            let factors = Self.dense(hidden, matrix(layer.fc2.weight), DoubleArray(layer.fc2.bias!.value)).map(gate)
            let expected = x.combined(factors, to: x.shape, *)
            #expect(layer.predict(draw([2, 3, 4, 5], 4)).distance(to: expected) < 1e-5)
        }
        check(plain, { max($0, 0) }, sigmoid)
        check(hard, { max($0, 0) }, { min(max($0 / 6 + 0.5, 0), 1) })
        check(smooth, { $0 * sigmoid($0) }, sigmoid)
    }

    @Test("Normalisations begin as plain ones; a dense layer takes rows of any rank; a slope begins at a quarter")
    func beginnings() {
        let x = draw([2, 3, 4], 5)
        #expect(abs(LayerNorm(4).predict(x).mean(axes: [2]).scalars.map(abs).max()!) < 1e-6)
        #expect(GroupNorm(4, groups: 4).predict(x).mean(axes: [1]).scalars.map(abs).max()! < 1e-6)
        let squares = RMSNorm(4).predict(x)
        #expect((squares * squares).mean(axes: [2]).scalars.allSatisfy { abs($0 - 1) < 1e-5 })
        #expect(PReLU().predict(Tensor([-4, 4], shape: [1, 2])).scalars == [-1, 4])
        #expect(GroupNorm(6, groups: 2).channelsInGroup == 3)
        var random = Philox(seed: 95)
        let dense = Dense(4, 5, using: &random)
        let rows = dense.predict(x.reshaped(to: [6, 4]))
        #expect(dense.predict(x).isBitIdentical(to: rows.reshaped(to: [2, 3, 5])))
        #expect(dense.predict(x.reshaped(to: [2, 1, 3, 4])).shape == [2, 1, 3, 5])
    }

    @Test("Sizes that do not divide are refused")
    func refusals() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let heads = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var random = Philox(seed: 1)
            _ = MultiHeadAttention(6, heads: 4, using: &random)
        }
        #expect(text(heads).contains("4 heads of 6 channels"))
        let groups = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = GroupNorm(6, groups: 4)
        }
        #expect(text(groups).contains("4 groups of 6 channels"))
        let tokens = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var random = Philox(seed: 1)
            _ = MultiHeadAttention(6, heads: 2, using: &random).predict(.ones([2, 6]))
        }
        #expect(text(tokens).contains("[N, T, C] expected"))
    }
}
