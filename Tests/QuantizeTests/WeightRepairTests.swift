import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

@Suite struct WeightRepairTests {
    static let convNet = withStatistics(ConvNet(width: 8, channels: 1, classes: 10, seed: 3), seed: 4)
    static let digits = smoothImages(64, side: 14, seed: 5)

    static func fused(_ model: some Module, _ shape: Shape) throws -> NetworkGraph {
        try NetworkGraph(tracing: model, inputShape: shape).foldingBatchNorm().fusingActivations()
    }

    /// (w − q)ᵀ H (w − q) of a channel.
    static func error(_ w: [Float], _ q: [Float], _ h: Tensor) -> Double {
        let e = zip(w, q).map { Double($0) - Double($1) }
        return e.indices.reduce(0) { sum, i in
            e.indices.reduce(sum) { $0 + e[i] * Double(h[i, $1]) * e[$1] }
        }
    }

    /// GPTQ as its paper writes it, with the inverse of H and rows removed from it one after another (arXiv 2208.11580, equation 3),
    /// in Double.
    static func optimalBrainQuantization(_ w: [Float], _ h: Tensor, step: Float, order: [Int]) -> [Float] {
        let n = w.count
        var inverse = (0..<n).map { row in (0..<n).map { row == $0 ? 1.0 : 0 } }
        var matrix = (0..<n).map { row in (0..<n).map { Double(h[row, $0]) } }
        for pivot in 0..<n {  // Gauss and Jordan; positive definite, so no exchange of rows
            let factor = 1 / matrix[pivot][pivot]
            matrix[pivot] = matrix[pivot].map { $0 * factor }
            inverse[pivot] = inverse[pivot].map { $0 * factor }
            for row in 0..<n where row != pivot {
                let share = matrix[row][pivot]
                for column in 0..<n {
                    matrix[row][column] -= share * matrix[pivot][column]
                    inverse[row][column] -= share * inverse[pivot][column]
                }
            }
        }
        var (left, result) = (w.map(Double.init), [Float](repeating: 0, count: n))
        var rest = order
        while let place = rest.first {
            rest.removeFirst()
            let rounded = (left[place] / Double(step)).rounded(.toNearestOrEven) * Double(step)
            result[place] = Float(rounded)
            let share = (left[place] - rounded) / inverse[place][place]
            for other in rest { left[other] -= share * inverse[other][place] }
            let column = inverse.map { $0[place] }
            let pivot = inverse[place][place]
            for row in rest { for other in rest { inverse[row][other] -= column[row] * column[other] / pivot } }
        }
        return result
    }

    @Test("Second-order rounding is that of OBQ with its inverse, weight for weight, and beats rounding to nearest")
    func secondOrder() throws {
        var random = Philox(seed: 8)
        // Neighbouring pixels go together: inputs are sums of few causes.
        let causes = Tensor(normal: [400, 4], deviation: 1, using: &random)
        let mixing = Tensor(normal: [4, 12], deviation: 1, using: &random)
        let inputs = matmul(causes, mixing) + Tensor(normal: [400, 12], deviation: 0.3, using: &random)
        let moments = matmul(inputs, inputs, transposeA: true)
        let weights = Tensor(normal: [12, 5], deviation: 1, using: &random)
        let steps: [Float] = [0.25, 0.5, 0.125, 0.25, 0.3]
        let found = try secondOrderRounded(
            weights, steps: steps, limit: 127, moments: moments.reshaped(to: [1, 12, 12]))
        let damping = (0..<12).reduce(Float(0)) { $0 + moments[$1, $1] } / 12 * 0.01
        let damped = Tensor(
            (0..<144).map { moments.scalars[$0] + ($0 % 13 == 0 ? damping : 0) }, shape: [12, 12])
        let order = (0..<12).sorted { moments[$0, $0] > moments[$1, $1] }
        var (before, after) = (0.0, 0.0)
        for channel in 0..<5 {
            func own(_ tensor: Tensor) -> [Float] { (0..<12).map { tensor[$0, channel] } }
            let w = own(weights)
            let expected = Self.optimalBrainQuantization(w, damped, step: steps[channel], order: order)
            #expect(zip(own(found), expected).allSatisfy { abs($0 - $1) < 1e-5 })
            let nearest = w.map { ($0 / steps[channel]).rounded(.toNearestOrEven) * steps[channel] }
            before += Self.error(w, nearest, moments)
            after += Self.error(w, own(found), moments)
        }
        #expect(after < 0.4 * before)
    }

    @Test("Inputs that are always 0, groups and saturation: rounding to nearest where nothing is known")
    func deadInputs() throws {
        let weights = Tensor([0.4, 0.6, -1.4, 9, 0.26, -0.74], shape: [1, 1, 3, 2])
        let dead = try secondOrderRounded(weights, steps: [0.5, 1], limit: 7, moments: .zeros([1, 3, 3]))
        #expect(dead.scalars == [0.5, 1, -1.5, 7, 0.5, -1])
        // Each of two groups has its own moments: the first knows nothing, the second's two inputs are one.
        let pair = Tensor([0.3, 0.3, 0.3, 0.3], shape: [1, 1, 2, 2])
        let moments = Tensor([0, 0, 0, 0, 1, 1, 1, 1], shape: [2, 2, 2])
        let grouped = try secondOrderRounded(pair, steps: [1, 1], limit: 7, moments: moments)
        // Σ w is 0.6: the second weight rounds what the first left, 0.3 + 0.3 / 1.01, to 1.
        #expect(grouped.scalars == [0, 0, 0, 1] || grouped.scalars == [0, 1, 0, 0])
    }

    @Test("Second moments of patches are those of the matrix of patches, strides, padding and groups included")
    func patchMoments() {
        var random = Philox(seed: 3)
        let geometry = Conv2DGeometry(
            input: (5, 6, 4), kernel: (3, 2), outputChannels: 2, stride: (2, 1), padding: (1, 1), groups: 2)
        let x = Tensor(normal: [3, 5, 6, 4], deviation: 1, using: &random)
        let moments = convolution2DPatchMoments(x, geometry)
        for group in 0..<2 {
            var expected = [Double](repeating: 0, count: 144)
            for image in 0..<3 {
                for row in 0..<geometry.outputHeight {
                    for column in 0..<geometry.outputWidth {
                        let patch = (0..<12).map { k -> Double in
                            let (y, xx) = (row * 2 - 1 + k / 4, column - 1 + k / 2 % 2)
                            guard (0..<5).contains(y), (0..<6).contains(xx) else { return 0 }
                            return Double(x[image, y, xx, group * 2 + k % 2])
                        }
                        for a in 0..<12 { for b in 0..<12 { expected[a * 12 + b] += patch[a] * patch[b] } }
                    }
                }
            }
            for k in 0..<144 { #expect(abs(Double(moments[group, k / 12, k % 12]) - expected[k]) < 1e-4) }
        }
    }

    @Test("Bias correction takes the mean error out of the logits")
    func biasCorrection() throws {
        let expected = Self.convNet.predict(Self.digits)
        func meanErrors(_ repairs: WeightRepairs) throws -> Float {
            let int8 = try QuantizedModel(
                Self.convNet, calibratedOn: [Self.digits], repairs: repairs, weightBits: 4)
            return sumOverLeadingAxes(int8.predict(Self.digits) - expected).scalars.map { abs($0) / 64 }.max() ?? 0
        }
        let corrected = try meanErrors(.biasCorrection)
        #expect(corrected < 0.01)
        #expect(try meanErrors([]) > 2 * corrected)
    }

    @Test("With 4 bits each repair lowers the noise of the logits, and both together most; 8 bits lose nothing")
    func repairsHelp() throws {
        let fresh = smoothImages(64, side: 14, seed: 9)
        let expected = Self.convNet.predict(fresh)
        func noise(_ repairs: WeightRepairs, bits: Int = 4) throws -> Float {
            let int8 = try QuantizedModel(
                Self.convNet, calibratedOn: [Self.digits], observer: .minMax, repairs: repairs, weightBits: bits)
            return signalToNoise(int8.predict(fresh), expected)
        }
        let none = try noise([])
        #expect(try noise(.biasCorrection) > none + 1)
        #expect(try noise(.secondOrderRounding) > none + 1)
        #expect(try noise([.secondOrderRounding, .biasCorrection]) > none + 3)
        #expect(try noise(.standard, bits: 8) > noise([], bits: 8) - 0.5)
    }

    @Test("Any network can be repaired, with bits that no thread changes")
    func anyNetwork() throws {
        let model = withStatistics(Patchwork(seed: 1), seed: 2)
        let images = smoothImages(24, side: 16, channels: 2, seed: 6)
        let all: WeightRepairs = [.secondOrderRounding, .biasCorrection]
        func repaired() throws -> Tensor {
            try QuantizedModel(model, calibratedOn: [images], observer: .minMax, repairs: all).predict(images)
        }
        let one = try Parallel.withThreads(1, repaired)
        let two = try Parallel.withThreads(2, repaired)
        #expect(one.isBitIdentical(to: two))
        #expect(signalToNoise(one, model.predict(images)) > 25)
    }

    @Test("Equalised layers compute the same, and what leaves a channel is as large as what enters it")
    func equalization() throws {
        func check(_ model: some Module, _ images: Tensor, pairs: [(Int, Int)]) throws {
            let graph = try Self.fused(model, Shape(Array(images.shape.dropFirst())))
            let equal = graph.equalizingLayers()
            let outputs = try [graph, equal].map { try InferencePlan($0)(images) }
            #expect(signalToNoise(outputs[1], outputs[0]) > 90)
            for (first, second) in pairs {
                let (before, after) = (equal.nodes[first].tensors[0], equal.nodes[second].tensors[0])
                let channels = before.shape.extents.last ?? 0
                let others = after.shape.extents.last ?? 0
                for channel in 0..<channels {
                    let out = stride(from: channel, to: before.count, by: channels).map { abs(before.scalars[$0]) }
                        .max()
                    let into = after.scalars.enumerated().filter { $0.offset / others % channels == channel }
                        .map { abs($0.element) }.max()
                    let ratio = (out ?? 0) / (into ?? 1)
                    #expect(abs(ratio - 1) < 0.02, "\(first) → \(second), channel \(channel): \(ratio)")
                }
            }
        }
        // 1 → 2 → (maximum 3) → 4 → 5 → (average 6) → 7
        try check(Self.convNet, Self.digits, pairs: [(1, 2), (2, 4), (4, 5), (5, 7)])
        try check(MLP(inputs: 196, hidden: [12, 9], classes: 5, seed: 2), Self.digits, pairs: [])
        try check(
            withStatistics(ResNet(depth: 8, channels: 3, classes: 5, seed: 3), seed: 4),
            smoothImages(8, side: 12, channels: 3, seed: 6), pairs: [])
        try check(
            withStatistics(Patchwork(seed: 1), seed: 2), smoothImages(8, side: 16, channels: 2, seed: 6), pairs: [])
        // A flattened map has its channels innermost.
        let flat = FlatNetwork(seed: 3)
        try check(flat, Self.digits, pairs: [])
        let before = try Self.fused(flat, [14, 14, 1])
        #expect(before.equalizingLayers().nodes[1].tensors[0] != before.nodes[1].tensors[0])
    }

    private struct FlatNetwork: Module {
        var convolution: Conv2D
        var classifier: Dense

        init(seed: UInt64) {
            var random = Philox(seed: seed)
            convolution = Conv2D(1, 3, kernel: 3, stride: 2, using: &random)
            classifier = Dense(147, 4, using: &random)
        }

        func callAsFunction(_ input: Variable) -> Variable { classifier(convolution(input).relu().flattened()) }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("convolution", &convolution)
            visitor("classifier", &classifier)
        }
    }
}
