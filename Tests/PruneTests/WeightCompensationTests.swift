import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Prune

@Suite struct WeightCompensationTests {
    static let convNet = withStatistics(ConvNet(width: 8, channels: 1, classes: 10, seed: 3), seed: 4)
    static let images = smoothImages(64, side: 14, seed: 5)

    /// The weights w of kept inputs with the least ‖x q − y‖² + λ ‖q − w‖², by QR of the stacked matrix and without moments.
    static func leastSquares(_ x: Tensor, _ y: Tensor, _ w: [Float], kept: [Int], damping: Float) throws -> [Float] {
        let root = damping.squareRoot()
        let rows =
            (0..<x.shape[0]).map { row in kept.map { x[row, $0] } } + kept.map { k in kept.map { $0 == k ? root : 0 } }
        let right = y.scalars + kept.map { root * w[$0] }
        return try lstsq(
            Tensor(rows.flatMap { $0 }, shape: [rows.count, kept.count]), Tensor(right, shape: [rows.count, 1])
        ).scalars
    }

    static func damping(_ x: Tensor) -> Float { 0.01 * (x * x).sum() / Float(x.shape[1]) }

    /// Inputs that are sums of few causes, as neighbouring pixels are.
    static func inputs(_ count: Int, using random: inout Philox) -> Tensor {
        matmul(
            Tensor(normal: [400, 4], deviation: 1, using: &random),
            Tensor(normal: [4, count], deviation: 1, using: &random))
            + Tensor(normal: [400, count], deviation: 0.3, using: &random)
    }

    @Test("What is kept is the least-squares solution, by QR on the inputs themselves; zeros stay, and the error falls")
    func solution() throws {
        var random = Philox(seed: 8)
        let x = Self.inputs(12, using: &random)
        let weights = Tensor(normal: [12, 5], deviation: 1, using: &random)
        let y = matmul(x, weights)
        // Two channels keep the same places, the last keeps none.
        let factors = Tensor(
            (0..<60).map { [0, 2, 3].contains(($0 / 5 * 7 + $0 % 5 / 2 * 5) % 5) && $0 % 5 < 4 ? 1 : 0 },
            shape: [12, 5])
        let found = try leastSquaresWeights(
            weights, keeping: factors, moments: matmul(x, x, transposeA: true).reshaped(to: [1, 12, 12]),
            products: matmul(x, y, transposeA: true))
        for channel in 0..<5 {
            let kept = (0..<12).filter { factors[$0, channel] == 1 }
            for place in 0..<12 where !kept.contains(place) { #expect(found[place, channel] == 0) }
            guard channel < 4 else { continue }
            let own = (0..<12).map { weights[$0, channel] }
            let target = Tensor((0..<400).map { y[$0, channel] })
            let expected = try Self.leastSquares(x, target, own, kept: kept, damping: Self.damping(x))
            #expect(kept.count > 3 && kept.count < 10)
            #expect(zip(kept, expected).allSatisfy { abs(found[$0, channel] - $1) < 1e-3 })
        }
        func error(_ w: Tensor) -> Float { let e = matmul(x, w) - y; return (e * e).sum() }
        let kept = Tensor((0..<60).map { $0 % 5 < 4 ? 1 : 0 }, shape: [12, 5])
        #expect(
            error(found * kept + weights * (kept * -1 + 1)) < 0.3
                * error(weights * factors * kept + weights * (kept * -1 + 1)))
    }

    @Test(
        "A single weight leaves the others what the surgeon's formula says: −w H⁻¹ e / H⁻¹ₑₑ (Hassibi and Stork, equation 5)"
    )
    func surgeon() throws {
        // H = [[2, 1], [1, 3]] + λ, λ = 0.025; w = (1, 4), the second goes: 1 + 4 · 1 / 2.025.
        let moments = Tensor([2, 1, 1, 3], shape: [1, 2, 2])
        let found = try leastSquaresWeights(
            Tensor([1, 4], shape: [2, 1]), keeping: Tensor([1, 0], shape: [2, 1]), moments: moments,
            products: Tensor([2 + 4, 1 + 12], shape: [2, 1]))
        #expect(abs(found.scalars[0] - (1 + 4 / 2.025)) < 1e-5 && found.scalars[1] == 0)
    }

    @Test("Inputs that are always 0 leave the weights as they are")
    func deadInputs() throws {
        let weights = Tensor([0.4, 0.6, -1.4, 9], shape: [1, 1, 2, 2])
        let found = try leastSquaresWeights(
            weights, keeping: nil, moments: .zeros([1, 2, 2]), products: .zeros([1, 1, 2, 2]))
        #expect(found == weights)
    }

    @Test("A pruned network is nearer to the whole one on new images; zeros stay, and what is no weight stays")
    func network() throws {
        let mask = PruningMask(sparsity: 0.6, of: Self.convNet)
        var (plain, compensated) = (Self.convNet, Self.convNet)
        mask.apply(to: &plain)
        try mask.apply(to: &compensated, compensatingOn: Self.images)
        let fresh = smoothImages(64, side: 14, seed: 9)
        let expected = Self.convNet.predict(fresh)
        let noise = [plain, compensated].map { signalToNoise($0.predict(fresh), expected) }
        #expect(noise[1] > noise[0] + 3, "\(noise)")
        #expect(PruningMask(ofZerosIn: compensated) == mask)
        for (own, other) in zip(compensated.parameters, plain.parameters) where own.parameter.role != .weight {
            #expect(own.parameter.value == other.parameter.value)
        }
    }

    @Test("Any network can be compensated, groups and strides included, with bits that no thread changes")
    func anyNetwork() throws {
        let model = withStatistics(Patchwork(seed: 1), seed: 2)
        let images = smoothImages(24, side: 16, channels: 2, seed: 6)
        let mask = PruningMask(sparsity: 0.5, of: model, scope: .layer)
        func compensated() throws -> Patchwork {
            var pruned = model
            try mask.apply(to: &pruned, compensatingOn: images)
            return pruned
        }
        let one = try Parallel.withThreads(1, compensated)
        #expect(try Parallel.withThreads(2, compensated).bits == one.bits)
        var plain = model
        mask.apply(to: &plain)
        let expected = model.predict(images)
        #expect(signalToNoise(one.predict(images), expected) > signalToNoise(plain.predict(images), expected) + 2)
    }

    @Test("Layers that lost input channels take over what these gave: by QR on what the layers read")
    func channels() throws {
        let model = MLP(inputs: 16, hidden: [12], classes: 3, seed: 1)
        var random = Philox(seed: 3)
        let images = Tensor(normal: [200, 16], deviation: 1, using: &random)
        let small = try model.pruned(to: .multiplyAdds(0.5), inputShape: [16], compensatingOn: images)
        let plain = try model.pruned(to: .multiplyAdds(0.5), inputShape: [16])
        func tensors(_ model: MLP) -> [Tensor] { model.parameters.map(\.parameter.value) }
        let (w, cut, repaired) = (tensors(model), tensors(plain), tensors(small))
        func hidden(_ tensors: [Tensor]) -> Tensor { relu(matmul(images, tensors[0]).addingToRows(tensors[1])) }
        let (x, y) = (hidden(repaired), matmul(hidden(w), w[2]))
        #expect(x.shape[1] < 12 && repaired[0].shape == cut[0].shape && signalToNoise(repaired[0], cut[0]) > 80)
        for channel in 0..<3 {
            let own = (0..<x.shape[1]).map { cut[2][$0, channel] }
            let expected = try Self.leastSquares(
                x, Tensor((0..<200).map { y[$0, channel] }), own, kept: Array(own.indices), damping: Self.damping(x))
            #expect(expected.indices.allSatisfy { abs(repaired[2][$0, channel] - expected[$0]) < 1e-3 })
        }
        let (whole, fresh) = (Self.convNet, smoothImages(64, side: 14, seed: 9))
        let noise = try [nil, Self.images].map {
            try signalToNoise(
                whole.pruned(to: .multiplyAdds(0.6), inputShape: [14, 14, 1], compensatingOn: $0).predict(fresh),
                whole.predict(fresh))
        }
        #expect(noise[1] > noise[0] + 2, "\(noise)")
    }

    @Test("No images and images with NaN are refused, and the network stays as it was")
    func refused() {
        var model = Self.convNet
        let mask = PruningMask(sparsity: 0.5, of: model)
        #expect(throws: GraphError(operation: "compensation", reason: "needs at least one image, got none")) {
            try mask.apply(to: &model, compensatingOn: .zeros([0, 14, 14, 1]))
        }
        let error = #expect(throws: GraphError.self) {
            try mask.apply(to: &model, compensatingOn: Tensor(repeating: .nan, shape: [2, 14, 14, 1]))
        }
        #expect(error?.operation.contains("stage1.0.convolution.weight") == true)
        #expect(model.bits == Self.convNet.bits)
    }
}
