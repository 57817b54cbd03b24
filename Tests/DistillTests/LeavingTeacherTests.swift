import Datasets
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite("A teacher that the student has overtaken is left")
struct LeavingTeacherTests {
    private typealias Comparison = ClassReport.Comparison

    @Test("The lead is the mean over classes, and its error by hand")
    func lead() throws {
        // (8 − 2) / 100 and (0 − 1) / 10: mean −0.02; variances 11 / 10⁴ and 2 / 100, over 4.
        let lead = try #require(
            Comparison(counts: [100, 0, 10], ahead: [8, 0, 0], behind: [2, 0, 1]).lead)
        #expect(abs(lead.mean + 0.02) < 1e-12)
        #expect(abs(lead.error - ((0.0011 + 0.02) / 4).squareRoot()) < 1e-12)
        #expect(Comparison(counts: [0, 0], ahead: [0, 0], behind: [0, 0]).lead == nil)
    }

    @Test("It is left by 2 errors, kept left without evidence, and asked again where it leads by 2 errors")
    func hysteresis() throws {
        var dynamics = Dynamics()
        // Of 100 images in each of two classes: errors of √((b + c + 1) / 2) / 100.
        let ahead = Comparison.of(ahead: 20, behind: 2)
        let apart = Comparison.of(ahead: 9, behind: 8)
        let behind = Comparison.of(ahead: 1, behind: 30)
        func isLeft(_ comparison: Comparison, after wasLeft: Bool) throws -> Bool {
            dynamics.isTeacherLeft(after: try epoch(comparison, wasLeft: wasLeft))
        }
        #expect(try !isLeft(ahead, after: false))
        dynamics.leavesWeakerTeacher = true
        #expect(!dynamics.isTeacherLeft(after: nil))
        #expect(try isLeft(ahead, after: false) && isLeft(apart, after: true))
        #expect(try !isLeft(apart, after: false) && !isLeft(behind, after: true) && !isLeft(behind, after: false))
    }

    private func epoch(_ comparison: Comparison, wasLeft: Bool) throws -> History.Epoch {
        let report = ClassReport(
            epoch: 0, loss: 0, classes: 2, readings: [], classLosses: [0, 0], comparison: comparison)
        let text = """
            {"number": 0, "loss": 0, "accuracy": 0, "learningRate": 0, "steps": {}, "strength": 1,
             "values": {"teacherIsLeft": \(wasLeft ? 1 : 0)},
             "validation": \(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))}
            """
        return try JSONDecoder().decode(History.Epoch.self, from: Data(text.utf8))
    }

    @Test("Of a teacher that knows nothing the student learns for an epoch, then from labels; resumed, the same bits")
    func run() throws {
        let plan = TrainingPlan(steps: 24, stepsPerEpoch: 4, batchSize: 8, learningRate: .constant(0.05), seed: 3)
        let data = TrainingData(
            labelled: TinyTask.images(60), validation: TinyTask.images(150, seed: 3, firstID: 200),
            normalization: .of(TinyTask.images(60)))
        var distiller = Distiller(teacher: withStatistics(TinyNet(width: 5, seed: 8), seed: 9))
        distiller.dynamics.leavesWeakerTeacher = true
        var student = TinyNet(seed: 1)
        let history = try distiller.fit(&student, on: data, plan: plan)
        #expect(!history.epochs[0].isTeacherLeft && history.epochs[5].isTeacherLeft)
        for epoch in history.epochs where epoch.isTeacherLeft {
            #expect(epoch.values["hardLabelWeight"] == 1 && epoch.values["response"] == nil)
        }
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "k")
            var stopped = TinyNet(seed: 1)
            let seen = StepsSeen()
            #expect(throws: TrainingError.self) {
                _ = try distiller.fit(
                    &stopped, on: data, plan: plan, checkpoint: file, progress: { seen.step = $0.step },
                    shouldStop: { seen.step == 17 })
            }
            let resumed = try distiller.fit(&stopped, on: data, plan: plan, checkpoint: file)
            #expect(resumed.epochs.map(\.isTeacherLeft) == history.epochs.map(\.isTeacherLeft))
            #expect(stopped.bits == student.bits)
        }
    }

    @Test("Without validation, and with a teacher that follows the student, it is refused")
    func refused() {
        let images = TinyTask.images(15)
        for (teacher, validation) in [
            (TinyNet(seed: 2) as any Module, nil), (MeanTeacher(of: TinyNet(seed: 2), decay: 0.5), images),
        ] as [(any Module, ImageSet?)] {
            var distiller = Distiller(teacher: teacher)
            distiller.dynamics.leavesWeakerTeacher = true
            let data = TrainingData(labelled: images, validation: validation, normalization: .of(images))
            var student = TinyNet(seed: 2)
            #expect(throws: ConfigurationError.self) {
                _ = try distiller.fit(&student, on: data, plan: TrainingPlan(steps: 2, stepsPerEpoch: 1, seed: 1))
            }
        }
    }
}

/// The steps that a run has reported.
private final class StepsSeen: Sendable {
    private let number = Mutex(0)

    var step: Int {
        get { number.withLock { $0 } }
        set { number.withLock { $0 = newValue } }
    }
}

extension ClassReport.Comparison {
    fileprivate static func of(ahead: Int, behind: Int) -> Self {
        Self(counts: [100, 100], ahead: [ahead, ahead], behind: [behind, behind])
    }
}
