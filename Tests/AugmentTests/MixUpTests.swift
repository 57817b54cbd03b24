import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("MixUp")
struct MixUpTests {
    private let policy = AugmentationPolicy { MixUp(alpha: 1) }

    /// One pixel a row: row r has the byte 20 r.
    private func images(_ labels: [Int?]) -> ImageSet {
        ImageSet(
            pixels: labels.indices.map { UInt8(20 * $0) }, height: 1, width: 1, channels: 1, labels: labels,
            classNames: ["a", "b", "c"])
    }

    @Test("Targets and pixels are mixed with the same weights, which sum to 1 and favour the image itself")
    func weights() throws {
        let set = images([0, 1, 2, 0, 1, 2])
        var partners: Set<[Int]> = []
        for epoch in 0..<40 {
            let batch = policy(RawBatch(images: set, seed: 3, epoch: epoch), normalization: plain)
            let targets = try #require(batch.targets)
            #expect(batch.labels == set.labels && targets.shape == [6, 3])
            for row in 0..<6 {
                let weights = (0..<3).map { targets[row, $0] }
                let own = set.labels[row] ?? 0
                #expect(abs(weights.reduce(0, +) - 1) < 1e-6 && weights[own] >= 0.5)
                guard let other = weights.indices.first(where: { $0 != own && weights[$0] > 0 }) else { continue }
                // Of the class there are two rows; one of them must give the pixel.
                let pixels = (0..<6).filter { set.labels[$0] == other }.map { (place: Int) -> Float in
                    let (mine, others): (Float, Float) = (
                        weights[own] * Float(20 * row), weights[other] * Float(20 * place)
                    )
                    return (mine + others) / 255
                }
                #expect(pixels.contains { abs($0 - batch.inputs[row, 0, 0, 0]) < 1e-5 })
                partners.insert([row, other])
            }
        }
        #expect(partners.count == 12)
    }

    @Test("Rows with a label mix among themselves, those without among themselves; theirs have no target")
    func unlabelled() throws {
        // Labelled rows have bytes 0, 20; the others 200, 220.
        let set = ImageSet(
            pixels: [0, 200, 20, 220], height: 1, width: 1, channels: 1, labels: [0, nil, 1, nil],
            classNames: ["a", "b"])
        for epoch in 0..<20 {
            let raw = RawBatch(images: set, seed: 1, epoch: epoch)
            let batch = policy(raw, normalization: plain)
            let targets = try #require(batch.targets)
            for row in [0, 2] {
                #expect(batch.inputs[row, 0, 0, 0] <= 20.01 / 255 && abs(targets[row, 0] + targets[row, 1] - 1) < 1e-6)
            }
            for row in [1, 3] {
                #expect(batch.inputs[row, 0, 0, 0] >= 199.9 / 255 && targets[row, 0] == 0 && targets[row, 1] == 0)
            }
            #expect(policy.images(raw).pixels[1] >= 200)
        }
        let none = policy(RawBatch(images: images([nil, nil]), seed: 1, epoch: 0), normalization: plain)
        #expect(none.targets == nil && none.labels == [nil, nil])
    }

    @Test("A row without a partner, and a policy that mixed nothing, leave the labels to say all")
    func alone() {
        let batch = policy(RawBatch(images: images([1, nil]), seed: 1, epoch: 0), normalization: plain)
        #expect(batch.targets == nil && batch.inputs.scalars == [0, 20 / Float(255)])
        let never = AugmentationPolicy { MixUp(alpha: 0) }
        #expect(never(RawBatch(images: images([1, 2]), seed: 1, epoch: 0), normalization: plain).targets == nil)
    }

    @Test("Shares follow Beta(alpha, alpha): variance 1 / (8 alpha + 4)")
    func beta() {
        for alpha in [0.2, 1, 4] {
            var random = Philox(seed: 1)
            let shares = (0..<4000).map { _ in random.symmetricBeta(alpha) }
            let mean = shares.reduce(0, +) / 4000
            let variance = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
            // Five deviations of the mean at the widest (0.42 / √4000); the variance within a tenth.
            #expect(abs(mean - 0.5) < 0.035 && abs(variance * (8 * alpha + 4) - 1) < 0.1, "alpha \(alpha)")
        }
        var random = Philox(seed: 1)
        #expect((0..<200).allSatisfy { _ in (0...1).contains(random.symmetricBeta(0.001)) })
    }
}
