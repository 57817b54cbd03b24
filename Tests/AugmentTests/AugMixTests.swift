import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("AugMix, and groups with weights")
struct AugMixTests {
    private func blends(_ policy: AugmentationPolicy, _ raw: RawBatch) -> [ChainBlend] {
        policy.views(of: raw).compactMap {
            guard case .filter(let filter) = $0.passes.first else { return nil }
            return filter as? ChainBlend
        }
    }

    private func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
    }

    @Test(
        "Weights sum to 1 and follow Beta(alpha, alpha) and Dirichlet(alpha): variances 1 / (8 alpha + 4) and 2 / 9 / (3 alpha + 1)",
        arguments: [0.3, 1, 5])
    func weights(alpha: Double) {
        let raw = RawBatch(images: someImages(4000, height: 1, width: 1), seed: 1, epoch: 0)
        let found = blends(AugmentationPolicy { AugMix(width: 3, alpha: alpha) }, raw)
        #expect(found.count == 4000)
        for blend in found {
            #expect(abs(blend.chains.reduce(blend.own) { $0 + $1.weight } - 1) < 1e-6 && blend.chains.count == 3)
        }
        let own = moments(found.map { Double($0.own) })
        // Five deviations of a mean at the widest (0.4 / √4000), and a tenth of the variance.
        #expect(abs(own.mean - 0.5) < 0.035 && abs(own.variance * (8 * alpha + 4) - 1) < 0.1)
        for chain in 0..<3 {
            let share = moments(
                found.filter { $0.own < 0.99 }.map { Double($0.chains[chain].weight) / Double(1 - $0.own) })
            #expect(abs(share.mean - 1 / 3.0) < 0.035 && abs(share.variance * (3 * alpha + 1) * 4.5 - 1) < 0.1)
        }
    }

    @Test("Chains do one of nine operations, alike often, and one to three of them, within the severity")
    func chains() {
        let raw = RawBatch(images: someImages(3000, height: 8, width: 8), seed: 2, epoch: 0)
        let single = blends(AugmentationPolicy { AugMix(severity: 5, depth: 1) }, raw).flatMap(\.chains)
        // 9,000 chains; a warp in 5 of 9, a tone in 2, a table by histogram in 2: 4 deviations are 189 and 158.
        var (warps, tones, tables) = (0, 0, 0)
        for chain in single {
            #expect(chain.view.passes.count == 1 && chain.view.mixes.isEmpty)
            switch chain.view.passes[0] {
            case .warp(let warp):
                warps += 1
                // 15° at most, a slope of 0.15, a sixth of 8 pixels.
                #expect(abs(warp.yx) <= sin(15 * .pi / 180) + 1e-9 && abs(warp.xy) <= sin(15 * .pi / 180) + 1e-9)
                if warp.xx == 1 && warp.xy == 0 && warp.yx == 0 {
                    #expect(abs(warp.x0) <= 8 / 6.0 + 1e-9 && abs(warp.y0) <= 8 / 6.0 + 1e-9)
                }
            case .tones(let drawn):
                tones += 1
                switch drawn[0] {
                case .solarise(let threshold): #expect(threshold >= 0.5)
                // 4 − 0.5 · 3 = 2.5, rounded.
                case .posterise(let bits): #expect((2...4).contains(bits))
                default: Issue.record("another tone")
                }
            default: tables += 1
            }
        }
        #expect(abs(warps - 5000) < 189 && abs(tones - 2000) < 158 && abs(tables - 2000) < 158)
        // A chain of histogram tables alone does not fuse, so its passes are its depth: (2/9)^n of a third of all.
        let longer = blends(AugmentationPolicy { AugMix(severity: 5) }, raw).flatMap(\.chains)
        func count(_ depth: Int) -> Int {
            longer.count { chain in
                chain.view.passes.count == depth
                    && chain.view.passes.allSatisfy { if case .filter = $0 { true } else { false } }
            }
        }
        #expect(abs(count(1) - 667) < 102 && abs(count(2) - 148) < 49 && abs(count(3) - 33) < 24 && count(4) == 0)
    }

    @Test("The image is the rounded weighted sum of itself and its chains, and keeps its label")
    func blend() throws {
        for channels in [1, 3, 4] {
            let images = someImages(20, height: 23, width: 17, channels: channels)
            let extent = ImageExtent(images)
            let raw = RawBatch(images: images, seed: 5, epoch: 0)
            let policy = AugmentationPolicy { AugMix(severity: 8) }
            let mixed = policy.images(raw).pixels
            let size = images.imageSize
            for (place, blend) in blends(policy, raw).enumerated() {
                let image = images.subset([place])
                var sums = image.pixels.map { Double(blend.own) * Double($0) }
                for chain in blend.chains {
                    for (index, byte) in rendered(chain.view, image, extent).enumerated() {
                        sums[index] += Double(chain.weight) * Double(byte)
                    }
                }
                let bytes = mixed[place * size..<(place + 1) * size]
                #expect(zip(bytes, sums).allSatisfy { abs(Double($0) - $1) <= 0.5001 })
                #expect(Array(bytes) != image.pixels)
            }
            let batch = policy(raw, normalization: .of(images))
            #expect(batch.targets == nil && batch.labels == images.labels)
        }
    }

    @Test(
        "Severity 0 changes nothing; scaling scales the severity alone; records repeat it; nothing depends on neighbours"
    )
    func aValueLikeOthers() throws {
        let images = someImages(9, height: 20, width: 31, channels: 3)
        #expect(AugmentationPolicy { AugMix(severity: 0) }.bytes(images) == images.pixels)
        let policy = AugmentationPolicy {
            HorizontalFlip().probability(0.5)
            AugMix(width: 2, depth: 4, alpha: 0.5)
        }
        #expect(policy.scaled(by: 2).steps[1] == AugMix(severity: 6, width: 2, depth: 4, alpha: 0.5).step)
        let whole = policy.bytes(images)
        #expect(Parallel.withThreads(3) { policy.bytes(images) } == whole)
        let raw = RawBatch(images: images, seed: 5, epoch: 0)
        for (place, record) in try policy.records(of: raw).enumerated() {
            let view = try policy.replay(record, of: images.subset([place])).pixels
            #expect(view == Array(whole[place * images.imageSize..<(place + 1) * images.imageSize]))
        }
    }

    @Test("Lint looks into AugMix: angles times its depth, and the operations that it does")
    func lint() {
        let policy = AugmentationPolicy { AugMix() }
        #expect(policy.lint(for: .natural).isEmpty && policy.lint(for: .digits).isEmpty)
        let ocr = policy.lint(for: .ocr).map(\.found)
        #expect(ocr.contains("augMix can rotate by 27°"))
        #expect(policy.lint(for: .medical).map(\.found).contains("augMix: posterise"))
        #expect(policy.lint(for: .medical).map(\.place).allSatisfy { $0 == "operations[0]" })
        // Shifts of a tenth of a side pass the rule for text; of a third they do not.
        #expect(!ocr.contains { $0.contains("translate") })
        #expect(
            AugmentationPolicy { AugMix(severity: 10) }.lint(for: .ocr).contains {
                $0.found.hasPrefix("augMix: translate shifts")
            })
    }

    @Test("A box stays where the image itself has it")
    func targets() throws {
        let images = someImages(height: 20, width: 20)
        let box = ImageTargets(boxes: [BoundingBox(left: 2, top: 3, right: 9, bottom: 12, label: 1)])
        let policy = AugmentationPolicy { AugMix(severity: 10) }
        let result = try policy.apply(to: RawBatch(images: images, seed: 1, epoch: 0), targets: [box])
        #expect(result.targets == [box] && result.images.pixels != images.pixels)
    }

    @Test("OneOf with weights chooses by them, a weight of 0 never; equal weights choose alike")
    func oneOf() {
        let raw = RawBatch(images: someImages(6000, height: 1, width: 2), seed: 9, epoch: 0)
        func counts(_ group: OneOf) -> [Int] {
            var counts = [Int](repeating: 0, count: 4)
            for view in AugmentationPolicy(steps: [group.step]).views(of: raw) {
                for case .fill(_, _, let byte) in view.passes { counts[Int(byte) / 51] += 1 }
            }
            return counts
        }
        func members() -> [AugmentationStep] { (0..<4).map { Cutout(size: 0, fill: Double($0) / 5).step } }
        // 6,000 draws; 4 deviations at 1/10, 6/10, 3/10 and of a quarter.
        let found = counts(OneOf(weights: [1, 0, 6, 3]) { for member in members() { member } })
        #expect(found[1] == 0 && abs(found[0] - 600) < 93 && abs(found[2] - 3600) < 152 && abs(found[3] - 1800) < 142)
        let even = counts(OneOf(weights: [2, 2, 2, 2]) { for member in members() { member } })
        #expect(even.allSatisfy { abs($0 - 1500) < 135 } && even.reduce(0, +) == 6000)
        // A member's place, and so its draws, do not depend on weights.
        let noise = GaussianNoise(standardDeviation: 0.1)
        let images = someImages(40)
        func bytes(_ weights: [Double]) -> [UInt8] {
            AugmentationPolicy {
                OneOf(weights: weights) {
                    HorizontalFlip()
                    noise
                }
            }.bytes(images)
        }
        #expect(bytes([0, 1]) == bytes([0, 7]))
    }

    @Test("Weights come back from JSON, may be left out, stay under scaling, and are refused by place")
    func coding() async throws {
        let policy = AugmentationPolicy {
            OneOf(weights: [0.25, 3]) {
                Gamma(0.7...1.5)
                AugMix(severity: 2.5, width: 4, depth: 2, alpha: 0.5)
            }
        }
        let json = try policy.json
        #expect(try AugmentationPolicy(json: json) == policy && policy.scaled(by: 1) == policy)
        let plain = AugmentationPolicy {
            OneOf {
                Gamma(0.7...1.5)
                AugMix(severity: 2.5, width: 4, depth: 2, alpha: 0.5)
            }
        }
        let text = String(decoding: try plain.json, as: UTF8.self)
        #expect(policy != plain && !text.contains("weights"))
        guard case .oneOf(_, let weights) = policy.scaled(by: 2).steps[0].content else {
            Issue.record("\(policy.scaled(by: 2).steps[0].content) is no choice")
            return
        }
        #expect(weights == [0.25, 3])
        let pair = #"[{"operation": "turn"}, {"operation": "grey"}]"#
        for (wrong, expected) in [
            ("[1]", "operations[0].weights: 1 weight found, 2, one for each member expected"),
            ("[1, -2]", "operations[0].weights: -2 found, finite weights, 0 or more expected"),
            ("[0, 0]", "operations[0].weights: weights that sum to 0 found, a positive, finite sum expected"),
            ("[1e308, 1e308]", "operations[0].weights: weights that sum to inf found"),
            (#"[1, "a"]"#, "operations[0].weights: [1, \"a\"] found, an array of 2 numbers"),
            ("3", "operations[0].weights: 3 found, an array of 2 numbers, one for each member expected"),
        ] {
            do {
                let json = #"{"operations": [{"operation": "oneOf", "of": \#(pair), "weights": \#(wrong)}]}"#
                _ = try AugmentationPolicy(json: Data(json.utf8))
                Issue.record("read: \(wrong)")
            } catch { #expect("\(error)".contains(expected), "\(error)") }
        }
        await #expect(processExitsWith: .failure) { _ = OneOf(weights: [1, 2]) { HorizontalFlip() } }
        await #expect(processExitsWith: .failure) { _ = OneOf(weights: [.nan]) { HorizontalFlip() } }
    }

    @Test("Lint passes over members that weights never choose")
    func lintOfWeights() {
        func policy(_ weights: [Double]) -> AugmentationPolicy {
            AugmentationPolicy {
                OneOf(weights: weights) {
                    HorizontalFlip()
                    Affine(rotate: -40...40)
                    Gamma(0.9...1.1)
                }
            }
        }
        #expect(policy([0, 0, 1]).lint(for: .ocr).isEmpty)
        #expect(
            policy([1, 1, 1]).lint(for: .ocr).map(\.place) == ["operations[0].of[0]", "operations[0].of[1]"])
    }
}
