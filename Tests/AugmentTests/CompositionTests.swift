import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("SomeOf, ready policies and replayed draws")
struct CompositionTests {
    private let raw = RawBatch(images: someImages(6000, height: 1, width: 2), seed: 9, epoch: 0)

    @Test("SomeOf does as many members as drawn, each as often, in their order")
    func someOf() {
        // Fills leave a trace of which member was done.
        let policy = AugmentationPolicy {
            SomeOf(1...3) {
                Cutout(size: 0, fill: 0)
                Cutout(size: 0, fill: 0.2)
                Cutout(size: 0, fill: 0.4)
                Cutout(size: 0, fill: 0.6)
            }.probability(0.5)
        }
        var lengths = [Int](repeating: 0, count: 5)
        var members: [UInt8: Int] = [:]
        for view in policy.views(of: raw) {
            let bytes: [UInt8] = view.passes.compactMap { if case .fill(_, _, let byte) = $0 { byte } else { nil } }
            #expect(bytes == bytes.sorted() && Set(bytes).count == bytes.count)
            lengths[bytes.count] += 1
            for byte in bytes { members[byte, default: 0] += 1 }
        }
        // 4 deviations of 6,000 draws: at 1/2 155, at 1/6 115. A member is done in (1 + 2 + 3) / 3 / 4 of 3,000.
        #expect(abs(lengths[0] - 3000) < 155 && (1...3).allSatisfy { abs(lengths[$0] - 1000) < 116 } && lengths[4] == 0)
        #expect(members.count == 4 && members.values.allSatisfy { abs($0 - 1500) < 135 })
    }

    @Test("SomeOf outside its members stops the program, or throws where it is read")
    func someOfRefusals() async {
        await #expect(processExitsWith: .failure) { _ = SomeOf(2) { HorizontalFlip() } }
        for (count, found) in [("[0, 2]", "[0, 2]"), ("1", "1"), ("[1, 0]", "[1, 0]"), ("[0, 0.5]", "[0, 0.5]")] {
            let json = #"{"operations": [{"operation": "someOf", "count": \#(count), "of": [{"operation": "turn"}]}]}"#
            do {
                _ = try AugmentationPolicy(json: Data(json.utf8))
                Issue.record("read: \(count)")
            } catch {
                #expect(
                    "\(error)".contains("operations[0].count: \(found) found, [lower, upper], whole numbers within 0…1")
                )
            }
        }
    }

    @Test("The new operations and groups come back from JSON as they were")
    func roundTrip() throws {
        let policy = AugmentationPolicy {
            SomeOf(0...2) {
                Turn().probability(0.5)
                Translate(right: -0.1...0.2, down: 0...0.3, border: .edge)
                Shear(horizontal: -3...4, vertical: 5...6, border: .reflect)
                Crop(side: 0.5...0.75, place: .centre)
            }
            Perspective(distortion: 0.25, border: .edge)
            ElasticDeformation(displacement: 0.1, smoothing: 0.2, border: .reflect)
            GridDistortion(strength: 0.25, cells: 7)
            Brightness(0.5...1.5)
            Contrast(0.25...2)
        }
        for each in [policy, .randAugment(operations: 3, magnitude: 12), .trivialAugment, .autoAugmentCIFAR] {
            #expect(try AugmentationPolicy(json: each.json) == each)
        }
    }

    @Test("RandAugment: N of fourteen, each of one magnitude and either sign; at 0 only what has no strength acts")
    func randAugment() {
        let images = someImages(4000, height: 8, width: 8, channels: 3)
        let raw = RawBatch(images: images, seed: 2, epoch: 0)
        let views = AugmentationPolicy.randAugment(operations: 1, magnitude: 30).views(of: raw)
        // Nothing: 1 of 14, 4 deviations of 4,000 draws are 66. Moves: 5 of 14, 122.
        #expect(abs(views.count { $0.passes.isEmpty } - 286) < 66)
        let warps = views.compactMap { if case .warp(let warp) = $0.passes.first { warp } else { nil } }
        #expect(abs(warps.count - 1429) < 122)
        let shears = warps.filter { $0.xy != 0 && $0.xx == 1 }
        #expect(shears.count > 200 && shears.allSatisfy { abs(abs($0.xy) - 0.3) < 1e-9 })
        #expect(shears.contains { $0.xy > 0 } && shears.contains { $0.xy < 0 })
        let none = AugmentationPolicy.randAugment(operations: 1, magnitude: 0).views(of: raw)
        #expect(none.allSatisfy { $0.passes.allSatisfy { if case .warp = $0 { false } else { true } } })
    }

    @Test("AutoAugment has 25 pairs; TrivialAugment does one operation at most")
    func tables() {
        let pairs = AugmentationPolicy.autoAugmentCIFAR.steps[0].members
        #expect(pairs.count == 25 && pairs.allSatisfy { $0.members.count == 2 })
        let views = AugmentationPolicy.trivialAugment.views(of: raw)
        #expect(views.allSatisfy { $0.passes.count <= 1 })
    }

    @Test("A record repeats one sample's view, alone and through JSON; another policy, and a blend, are refused")
    func replay() throws {
        let images = someImages(6, height: 20, width: 24, channels: 3)
        let raw = RawBatch(
            images: images, seed: 0xFFFF_FFFF_FFFF_FFFE, epoch: 3, draws: [0, 1, 0, 2, 0, 0],
            strengths: [1, 1.5, 1, 0.25, 1, 1])
        let policy = everything
        let whole = policy.images(raw).pixels
        for (place, record) in try policy.records(of: raw).enumerated() {
            let read = try JSONDecoder().decode(DrawRecord.self, from: JSONEncoder().encode(record))
            #expect(read == record)
            let one = images.subset([place])
            let moved = ImageSet(
                pixels: one.pixels, height: 20, width: 24, channels: 3, labels: [nil], classNames: [], sampleIDs: [77])
            let view = try policy.replay(read, of: moved).pixels
            #expect(view == Array(whole[place * one.imageSize..<(place + 1) * one.imageSize]))
        }
        let record = try policy.records(of: raw)[0]
        do {
            _ = try AugmentationPolicy.digits.replay(record, of: images.subset([0]))
            Issue.record("replayed by another policy")
        } catch let error as FormatError {
            #expect(error.place == "policy" && error.found == record.policy)
        }
        let blend = AugmentationPolicy { MixUp(alpha: 1) }
        #expect(throws: FormatError.self) {
            try blend.replay(blend.records(of: raw)[0], of: images.subset([0]))
        }
        // FNV-1a's own test vectors: the offset basis for nothing; one policy, one name.
        #expect(try policy.digest.count == 16 && policy.digest != AugmentationPolicy.digits.digest)
    }

    @Test("Lint names what of the new operations a task does not bear")
    func lint() {
        let policy = AugmentationPolicy {
            Turn()
            Translate(right: 0...0.4)
            Crop(side: 0.5...1)
            Perspective(distortion: 0.5)
            ElasticDeformation(displacement: 0.1)
            SomeOf(2) {
                Shear(vertical: -10...10)
                Shear(horizontal: 0...8)
                Affine(shear: -5...5)
            }
        }
        let findings = policy.lint(for: .ocr)
        #expect(
            findings.map(\.place)
                == ["operations[0]", "operations[1]", "operations[2]", "operations[3]", "operations[4]", "operations"])
        // The two largest of three: 10 + 8.
        #expect(findings.last?.found == "all together can shear by 18°")
        #expect(policy.lint(for: .natural).map(\.found) == ["turn"])
    }
}
