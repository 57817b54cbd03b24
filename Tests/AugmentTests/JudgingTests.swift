import Datasets
import Foundation
import Synchronization
import TensorCore
import Testing

@testable import Augment

/// Logits of hand-made networks that see brightness alone: the mean input of each image decides.
private func logits(_ inputs: Tensor, _ row: (Float) -> [Float]) -> Tensor {
    let size = inputs.count / inputs.shape[0]
    let rows = (0..<inputs.shape[0]).map { image in
        row(inputs.withSpan { span in (0..<size).reduce(0) { $0 + span[image * size + $1] } } / Float(size))
    }
    return Tensor(rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 1])
}

/// Sure of class 0 (probability 0.98) on bright images, of class 1 on dark ones.
@Sendable private func brightnessTeacher(_ inputs: Tensor) -> Tensor { logits(inputs) { $0 > 0.3 ? [4, 0] : [0, 4] } }

/// Even images of one brightness, class 0.
private func bright(_ count: Int, labels: [Int?]? = nil) -> ImageSet {
    ImageSet(
        pixels: [UInt8](repeating: 200, count: count * 16), height: 4, width: 4, channels: 1,
        labels: labels ?? [Int?](repeating: 0, count: count), classNames: ["bright", "dark"])
}

/// Leaves an image or makes it black.
private let darkening = AugmentationPolicy {
    HorizontalFlip()
    OneOf {
        VerticalFlip()
        Cutout(size: 1).probability(0)
        Gamma(20...20)
    }
}

@Suite("The teacher as judge")
struct JudgingTests {
    @Test("Views that the teacher cannot read are redrawn: none is left, and the operation that makes them is named")
    func gate() {
        let gate = TeacherGate(darkening, redraws: 20, teacher: brightnessTeacher)
        let raw = RawBatch(images: bright(60), seed: 1, epoch: 0)
        func dark(_ batch: Batch) -> Int { brightnessTeacher(batch.inputs).argmax().count { $0 == 1 } }
        let before = dark(darkening(raw, normalization: plain))
        #expect(before > 10 && before < 30)  // a third of 60, within 3 σ of 3.7
        let batch = gate(raw, normalization: plain)
        #expect(dark(batch) == 0 && batch.weights == nil)
        #expect(batch.sampleIDs == raw.images.sampleIDs && batch.labels == raw.images.labels)
        let found = gate.rejections()
        #expect(found.map(\.operation) == ["horizontalFlip", "verticalFlip", "cutout", "gamma"])
        #expect(found.map(\.place)[3] == "operations[1].of[2]")
        #expect(found[3].rejected == found[3].drawn && found[3].rejected >= before && found[3].share == 1)
        #expect(found[1].rejected == 0 && found[1].drawn > 0 && found[2].drawn == 0)
        // Every view has a flip: those of the first draws and of the redraws.
        #expect(found[0].rejected == found[3].rejected && found[0].drawn == 60 + found[0].rejected)
        #expect(gate.rejections(epoch: 1).allSatisfy { $0.drawn == 0 })
        #expect(gate.rejections(epoch: 0) == found)
    }

    @Test("A view that no redraw betters stays, with what is left of the teacher's confidence as its weight")
    func weights() throws {
        let always = AugmentationPolicy { Gamma(20...20) }
        for redraws in [0, 2] {
            let gate = TeacherGate(always, redraws: redraws, teacher: brightnessTeacher)
            let weights = try #require(
                gate(RawBatch(images: bright(3), seed: 1, epoch: 0), normalization: plain).weights)
            // By hand: 1 / (1 + e⁴) over 1 / (1 + e⁻⁴) is e⁻⁴.
            #expect(weights.allSatisfy { abs($0 - exp(-4)) < 1e-5 })
            #expect(gate.rejections()[0].drawn == 3 * (redraws + 1))
        }
    }

    @Test(
        "Of an image without a label what the teacher reads of it as it is counts; a label it never reads is no collapse"
    )
    func unlabelled() {
        let gate = TeacherGate(darkening, redraws: 20, teacher: brightnessTeacher)
        let raw = RawBatch(images: bright(40, labels: [Int?](repeating: nil, count: 40)), seed: 3, epoch: 0)
        let batch = gate(raw, normalization: plain)
        #expect(brightnessTeacher(batch.inputs).argmax() == [Int](repeating: 0, count: 40))
        // Labelled dark though bright: making it black only helps, so no view is rejected.
        let mislabelled = TeacherGate(darkening, teacher: brightnessTeacher)
        _ = mislabelled(
            RawBatch(images: bright(40, labels: [Int?](repeating: 1, count: 40)), seed: 3, epoch: 0),
            normalization: plain)
        #expect(mislabelled.rejections().allSatisfy { $0.rejected == 0 })
    }

    @Test("Batch size and threads change neither views nor record; a gate that rejects nothing changes no bit")
    func determinism() {
        let images = bright(24)
        func run(size: Int, threads: Int) -> ([Float], [OperationRejections]) {
            let gate = TeacherGate(darkening, teacher: brightnessTeacher)
            let scalars = Parallel.withThreads(threads) {
                images.batches(of: size, normalization: plain, transform: gate, seed: 9).flatMap(\.inputs.scalars)
            }
            return (scalars, gate.rejections())
        }
        let whole = run(size: 24, threads: 1)
        for other in [run(size: 5, threads: 1), run(size: 7, threads: 3)] {
            #expect(other.0 == whole.0 && other.1 == whole.1)
        }
        let raw = RawBatch(images: someImages(6), seed: 2, epoch: 1)
        let open = TeacherGate(everything, share: 0) { logits($0) { [$0, 1] + [Float](repeating: 0, count: 8) } }
        #expect(open(raw, normalization: plain).inputs.isBitIdentical(to: everything(raw, normalization: plain).inputs))
    }

    @Test("Mixed targets stay with their rows through redraws, and sum to 1")
    func mixing() throws {
        let policy = AugmentationPolicy {
            Gamma(20...20).probability(0.3)
            MixUp(alpha: 1).probability(0.5)
        }
        let images = bright(40)
        let batch = TeacherGate(policy, redraws: 5, teacher: brightnessTeacher)(
            RawBatch(images: images, seed: 4, epoch: 0), normalization: plain)
        let targets = try #require(batch.targets)
        #expect(targets.shape == [40, 2])
        for row in 0..<40 { #expect(abs(targets[row, 0] + targets[row, 1] - 1) < 1e-6) }
    }

    @Test("The selector keeps the candidate that the teacher reads and the student does not")
    func selector() {
        // Bright: both read it. Dark (gamma 4 of 200/255 is 0.38): the teacher alone. Black (gamma 20): neither.
        let policy = AugmentationPolicy {
            OneOf {
                Gamma(1...1)
                Gamma(4...4)
                Gamma(20...20)
            }
        }
        @Sendable func teacher(_ inputs: Tensor) -> Tensor { logits(inputs) { $0 > 0.2 ? [4, 0] : [0, 0.1] } }
        @Sendable func student(_ inputs: Tensor) -> Tensor { logits(inputs) { $0 > 0.5 ? [4, 0] : [0, 2] } }
        func kinds(_ batch: Batch) -> [Float: Int] {
            Dictionary(grouping: (0..<batch.count).map { batch.inputs[$0, 0, 0, 0] }, by: { ($0 * 10).rounded() / 10 })
                .mapValues(\.count)
        }
        let raw = RawBatch(images: bright(50), seed: 5, epoch: 0)
        let chosen = kinds(
            ViewSelector(policy, candidates: 16, teacher: teacher, student: student)(raw, normalization: plain))
        // Sixteen draws miss a third in 0.15 % of cases.
        #expect(chosen[0.4, default: 0] >= 49)
        let ordinary = ViewSelector(policy, candidates: 1, teacher: teacher, student: student)(
            raw, normalization: plain)
        #expect(ordinary.inputs.isBitIdentical(to: policy(raw, normalization: plain).inputs))
        // A student that agrees with the teacher leaves the ordinary draws.
        let agreeing = ViewSelector(policy, candidates: 4, teacher: teacher, student: teacher)(
            raw, normalization: plain)
        #expect(agreeing.inputs.isBitIdentical(to: ordinary.inputs))
    }

    @Test("Redraws never meet the ordinary draws of an epoch, and their streams differ")
    func redrawNumbers() {
        let raw = RawBatch(images: bright(2), seed: 1, epoch: 0, draws: [0, 65_535])
        #expect(raw.redrawn(0).draws == [0, 65_535] && raw.redrawn(1).draws == [65_536, 131_071])
        // A stream keeps 32 bits of its operation: the last place of the last redraw must fit.
        let last = RawBatch.largestRedraw << 16 + 65_535
        #expect(RandomPurpose.augmentation + AugmentationStep.placeLimit * (last + 1) < 1 << 32)
    }

    @Test(
        "T. stddev: 0 for a teacher that says the same of all; by hand for one that a coin decides; less for mixed images"
    )
    func deviation() throws {
        let images = bright(64)
        let same = try teacherDeviation(of: darkening, on: images, normalization: plain) { logits($0) { _ in [1, 2] } }
        #expect(same == 0)
        // Half of the views are black. The mean of 64 draws of 0.982 or 0.018 has deviation 0.964 / 2 / 8 = 0.0602, whose
        // estimate of 200 groups is within 15 % at 3 σ.
        let coin = AugmentationPolicy { Gamma(20...20).probability(0.5) }
        let found = try teacherDeviation(
            of: coin, on: images, normalization: plain, groups: 200, batches: 1, teacher: brightnessTeacher)
        #expect(abs(found - 0.0602) < 0.01)
        let seldom = AugmentationPolicy { Gamma(20...20).probability(0.05) }
        #expect(
            try teacherDeviation(
                of: seldom, on: images, normalization: plain, groups: 50, batches: 1, teacher: brightnessTeacher)
                < found)
    }
}
