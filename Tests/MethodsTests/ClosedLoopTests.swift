import Augment
import Datasets
import Distill
import Layers
import TensorCore
import TestSupport
import Testing
import Training

@testable import Methods

@Suite("The closed loop: what is measured, and what follows from it")
struct ClosedLoopTests {
    private typealias Share = LoopEvidence.Share

    /// Evidence that speaks for nothing but plain distillation.
    private static func evidence(_ change: (inout LoopEvidence) -> Void = { _ in }) -> LoopEvidence {
        var evidence = LoopEvidence(
            classCounts: [50, 50, 50], agreement: Share(value: 0.95, error: 0.01),
            accuracy: Share(value: 0.94, error: 0.01),
            readings: [1, 0.5].map { .init(strength: $0, kept: Share(value: 0.9, error: 0.01)) })
        change(&evidence)
        return evidence
    }

    @Test("Without evidence for anything else it is plain distillation, and says what it saw")
    func nothing() {
        let loop = ClosedLoop(Self.evidence())
        #expect(!loop.drawsClassesEvenly && !loop.ignoresLabels && loop.mayLeaveTeacher && loop.strength == 1)
        #expect(loop.decisions.allSatisfy { !$0.isChange })
        #expect(
            loop.decisions.map(\.description) == [
                "classes: drawn as they come; the least has 50 images, the largest 50",
                "labels: used; the teacher reads 95.0 ± 1.0 % of them, and 94.0 ± 1.0 % of validation",
                "teacher: left once the student reads better; validation compares them after each epoch",
                "strength: 1.0 of the policy's; the teacher keeps 90.0 ± 1.0 % of its confidence at 1.0",
            ])
    }

    @Test(
        "Classes are drawn evenly where they differ by more than twice and more than by chance",
        arguments: [
            ([200, 20, 2], true), ([40, 40, 100], true), ([60, 50, 40], false), ([3, 1, 1], false), ([100, 49], true),
            ([100, 51], false), ([7], false), ([0, 30, 30], false), ([Int](repeating: 1, count: 1000), false),
        ])
    func classes(counts: [Int], isUneven: Bool) {
        #expect(ClosedLoop(Self.evidence { $0.classCounts = counts }).drawsClassesEvenly == isUneven)
    }

    @Test("Labels are left out where the teacher reads them more rarely than those of validation, by 2 errors and 5 %")
    func labels() {
        for (agreement, accuracy, areWrong) in [
            // 1 − 0.57 / 0.95 = 0.4 ± 0.02; 0.07 ± 0.02 twice; a weak teacher that reads both alike; a better reader of
            // what it learnt.
            (Share(value: 0.57, error: 0.02), Share(value: 0.95, error: 0.01), true),
            (Share(value: 0.88, error: 0.015), Share(value: 0.95, error: 0.015), false),
            (Share(value: 0.45, error: 0.02), Share(value: 0.46, error: 0.02), false),
            (Share(value: 0.99, error: 0.005), Share(value: 0.6, error: 0.02), false),
            (Share(value: 0, error: 0), Share(value: 0, error: 0), false),
        ] {
            let loop = ClosedLoop(Self.evidence { ($0.agreement, $0.accuracy) = (agreement, accuracy) })
            #expect(loop.ignoresLabels == areWrong, "\(agreement) \(accuracy)")
            // Wrong labels judge nobody.
            #expect(loop.mayLeaveTeacher == !areWrong)
        }
        let unknown = ClosedLoop(Self.evidence { $0.accuracy = nil })
        #expect(!unknown.ignoresLabels && !unknown.mayLeaveTeacher)
        #expect(unknown.decisions[1].evidence == "no validation images to tell wrong labels by")
    }

    @Test("The strength is the largest at which the teacher keeps 80 % of its confidence, within 2 errors")
    func strength() {
        func strength(_ kept: [(Double, Double)]) -> Double {
            let readings = zip([1, 0.5, 0.25], kept).map {
                LoopEvidence.Reading(strength: $0, kept: Share(value: $1.0, error: $1.1))
            }
            return ClosedLoop(Self.evidence { $0.readings = readings }).strength
        }
        #expect(strength([(0.81, 0.001), (0.9, 0.01), (1, 0)]) == 1)
        #expect(strength([(0.78, 0.011), (0.9, 0.01), (1, 0)]) == 1)
        #expect(strength([(0.78, 0.005), (0.9, 0.01), (1, 0)]) == 0.5)
        #expect(strength([(0.1, 0.01), (0.2, 0.01), (0.3, 0.01)]) == 0.25)
        #expect(strength([]) == 1)
    }

    @Test("A share's error is not 0 where all are right")
    func share() {
        // (30 + 2) / 34 = 0.9412; √(0.9412 · 0.0588 / 34) = 0.0404
        #expect(abs(Share(30, of: 30).error - 0.0404) < 1e-4)
        #expect(Share(30, of: 30).value == 1 && Share(0, of: 0).value == 0)
    }

    @Test("A teacher is measured: its classes counted, its labels read, and views of a destroying policy not")
    func measured() throws {
        let digits = try Digits.embedded()
        let normalization = Normalization.of(digits.train)
        let data = TrainingData(
            labelled: digits.train.subset(Array(0..<300)), validation: digits.validation, normalization: normalization)
        var teacher = ConvNet(width: 8, channels: 1, classes: 10, seed: 3)
        let everything = TrainingData(labelled: digits.train, normalization: normalization)
        _ = try Trainer(TrainingPlan(steps: 80, stepsPerEpoch: 80, seed: 1), on: everything).fit(&teacher)
        let noise = AugmentationPolicy { GaussianNoise(standardDeviation: 1) }
        let evidence = try LoopEvidence.measured(Distiller(teacher: teacher), on: data, policy: noise, seed: 1)
        #expect(evidence.classCounts.reduce(0, +) == 300)
        let choices = teacher.evaluated(on: digits.train.subset(Array(0..<300)), normalization: normalization)
        #expect(abs(evidence.agreement.value - choices.accuracy) < 1e-9)
        #expect(evidence.readings.map(\.strength) == [1, 0.75, 0.5, 0.35, 0.25])
        let kept = evidence.readings.map(\.kept.value)
        #expect(zip(kept, kept.dropFirst()).allSatisfy { $0 < $1 } && kept[0] < 0.5, "\(kept)")
        let plain = try LoopEvidence.measured(Distiller(teacher: teacher), on: data, policy: nil, seed: 1)
        #expect(plain.readings.isEmpty && plain.agreement == evidence.agreement)
    }

    @Test("Balanced classes, right labels, readable views: the bits of plain distillation")
    func plain() throws {
        let digits = try Digits.embedded()
        let normalization = Normalization.of(digits.train)
        var teacher = ConvNet(width: 8, channels: 1, classes: 10, seed: 3)
        let everything = TrainingData(labelled: digits.train, normalization: normalization)
        _ = try Trainer(TrainingPlan(steps: 80, stepsPerEpoch: 80, seed: 1), on: everything).fit(&teacher)
        let policy = AugmentationPolicy { Affine(rotate: -5...5) }
        let plan = TrainingPlan(steps: 6, stepsPerEpoch: 3, batchSize: 16, seed: 2)
        var data = TrainingData(
            labelled: digits.train, validation: digits.validation.subset(Array(0..<60)), normalization: normalization,
            transform: policy)
        var distiller = Distiller(teacher: teacher)
        var student = ConvNet(width: 4, channels: 1, classes: 10, seed: 1)
        _ = try distiller.fit(&student, on: data, plan: plan)
        let loop = ClosedLoop(try .measured(distiller, on: data, policy: policy, seed: 2))
        loop.apply(to: &distiller, &data, policy: policy)
        var steered = ConvNet(width: 4, channels: 1, classes: 10, seed: 1)
        let history = try distiller.fit(&steered, on: data, plan: plan)
        #expect(history.epochs.allSatisfy { !$0.isTeacherLeft })
        #expect(student.bits == steered.bits)
    }
}
