import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Composition, probability and strength")
struct PolicyTests {
    private let raw = RawBatch(images: someImages(2000, height: 1, width: 2), seed: 9, epoch: 0)

    /// How many of 2,000 images have a pass that satisfies the closure.
    private func count(_ policy: AugmentationPolicy, _ isMatch: (View.Pass) -> Bool = { _ in true }) -> Int {
        policy.views(of: raw).count { $0.passes.contains(where: isMatch) }
    }

    @Test("An operation is done as often as its probability says; 0 is never, 1 always, and two multiply")
    func probability() {
        let flip = HorizontalFlip()
        #expect(count(AugmentationPolicy { flip.probability(0) }) == 0)
        #expect(count(AugmentationPolicy { flip.probability(1) }) == 2000)
        // Deviation of 2,000 draws at 0.3: 20.5; at 0.25: 19.4.
        #expect(abs(count(AugmentationPolicy { flip.probability(0.3) }) - 600) < 90)
        #expect(abs(count(AugmentationPolicy { flip.probability(0.5).probability(0.5) }) - 500) < 85)
    }

    @Test("OneOf does exactly one member, each as often; its own probability counts before")
    func oneOf() {
        let policy = AugmentationPolicy {
            OneOf {
                HorizontalFlip()
                Gamma(2...2)
                GaussianNoise(standardDeviation: 0.1)
            }.probability(0.9)
        }
        let views = policy.views(of: raw)
        #expect(views.allSatisfy { $0.passes.count <= 1 })
        let kinds: [(View.Pass) -> Bool] = [
            { if case .warp = $0 { true } else { false } }, { if case .tones = $0 { true } else { false } },
            { if case .noise = $0 { true } else { false } },
        ]
        for kind in kinds { #expect(abs(count(policy, kind) - 600) < 90) }
    }

    @Test("AllOf does all members or none, and two operations of one policy draw independently")
    func allOf() {
        let together = AugmentationPolicy {
            AllOf {
                HorizontalFlip()
                Gamma(2...2)
            }.probability(0.5)
        }
        #expect(together.views(of: raw).allSatisfy { $0.passes.count != 1 })
        let apart = AugmentationPolicy {
            HorizontalFlip().probability(0.5)
            Gamma(2...2).probability(0.5)
        }
        // Both: a quarter, deviation 19.4.
        #expect(abs(apart.views(of: raw).count { $0.passes.count == 2 } - 500) < 85)
    }

    @Test("What a step draws does not depend on which member of a group before it was done")
    func places() {
        let noise = GaussianNoise(standardDeviation: 0.1)
        let group = OneOf {
            HorizontalFlip()
            AllOf {
                VerticalFlip()
                VerticalFlip()
            }
        }
        #expect(group.step.placeCount == 5)
        let policy = AugmentationPolicy {
            group
            noise
        }
        let operations = policy.views(of: raw).map { view in
            if case .noise(_, let stream) = view.passes.last { stream.operation } else { -1 }
        }
        #expect(!operations.isEmpty && operations.allSatisfy { $0 == 1005 })
        let keys = [(0, 0), (1, 0), (999, 0), (0, 1), (1, 1)].map { place, draw in
            RandomStream(seed: 0, epoch: 0, sample: 0, draw: draw, place: place).operation
        }
        #expect(keys == [1000, 1001, 1999, 2000, 2001])
    }

    @Test("The builder takes conditions and loops")
    func builder() {
        let isStrong = true
        let policy = AugmentationPolicy {
            if isStrong { HorizontalFlip() } else { VerticalFlip() }
            for exponent in [0.5, 2] { Gamma(exponent...exponent) }
        }
        #expect(
            policy
                == AugmentationPolicy {
                    HorizontalFlip()
                    Gamma(0.5...0.5)
                    Gamma(2...2)
                })
        #expect(Set([policy, policy, AugmentationPolicy {}]).count == 2)
    }

    @Test("Scaling widens every range about what changes nothing, within the limits; 0 leaves nothing")
    func scaling() throws {
        let policy = AugmentationPolicy {
            Affine(rotate: -30...20, scale: 0.8...1.2, translate: 0.2).probability(0.8)
            OneOf {
                Gamma(0.6...1.6)
                Cutout(size: 0.7, fill: 0.5)
                PadAndCrop(padding: 3)
            }
            MixUp(alpha: 0.2)
        }
        let expected = AugmentationPolicy {
            Affine(rotate: -60...40, scale: 0.6...1.4, translate: 0.4).probability(0.8)
            OneOf {
                Gamma(0.2...2.2)
                Cutout(size: 1, fill: 0.5)
                PadAndCrop(padding: 6)
            }
            MixUp(alpha: 0.4)
        }
        let doubled = policy.scaled(by: 2)
        #expect(doubled.steps.map(\.probability) == expected.steps.map(\.probability))
        let affine = try #require(doubled.leaves.first?.operation as? Affine)
        #expect(affine.rotate == -60...40 && abs(affine.scale.lowerBound - 0.6) < 1e-12 && affine.translate == 0.4)
        let (members, wanted) = (doubled.steps[1].members, expected.steps[1].members)
        try #require(members.count == 3 && wanted.count == 3)
        #expect(Array(members[1...]) == Array(wanted[1...]))
        #expect(policy.scaled(by: 1) == policy && policy.scaled(by: 0) == AugmentationPolicy {})
    }

    @Test("A sample's strength multiplies its geometry and leaves its noise and tones as they were drawn")
    func strength() throws {
        let policy = AugmentationPolicy {
            Affine(rotate: -20...20, translate: 0.1)
            BrightnessContrast(brightness: 0.3, contrast: 0)
        }
        func views(_ strength: Float) -> [View] {
            let images = someImages(50)
            return policy.views(
                of: RawBatch(images: images, seed: 1, epoch: 0, strengths: [Float](repeating: strength, count: 50)))
        }
        for (one, double) in zip(views(1), views(2)) {
            let (first, second) = (try #require(one.passes[0].warp), try #require(double.passes[0].warp))
            // The same draw of twice the range is twice the angle: cos 2a = 2 cos² a − 1.
            #expect(abs(second.xx - (2 * first.xx * first.xx - 1)) < 1e-9)
            #expect(try #require(one.passes[1].tones) == #require(double.passes[1].tones))
        }
        #expect(views(0).allSatisfy { $0.passes.count == 1 })
    }

    @Test("Parameters outside their limits stop the program and say so")
    func refusals() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Affine(rotate: -200...15)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("Affine: rotate: -200…15 given, a range within -180…180 expected"))
        await #expect(processExitsWith: .failure) { _ = HorizontalFlip().probability(1.5) }
        await #expect(processExitsWith: .failure) { _ = OneOf {} }
        await #expect(processExitsWith: .failure) { _ = GaussianNoise(standardDeviation: .nan) }
    }
}
