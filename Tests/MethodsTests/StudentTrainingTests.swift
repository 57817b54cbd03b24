import Augment
import Datasets
import Distill
import Layers
import Methods
import TensorCore
import TestSupport
import Testing
import Training

@Suite struct StudentTrainingTests {
    private let data: PartlyLabelledData
    private let policy = AugmentationPolicy.digits

    init() throws {
        let divided = try DividedData(name: "tiny", train: TinyTask.images(60), test: TinyTask.images(9, seed: 3))
        data = try PartlyLabelledData(divided, labels: 12, seed: 1)
    }

    private func training(_ method: TrainingMethod) -> StudentTraining {
        StudentTraining(
            method, on: data.labelled, of: data, policy: policy, teacher: TinyNet(width: 4, seed: 9), seed: 1)
    }

    @Test("A part of a method that reaches another part's training: each adds what it names and nothing else")
    func parts() {
        let plain = training([])
        #expect(plain.distiller == nil && plain.gate == nil && plain.images.controllers.isEmpty)
        #expect(plain.images.unlabelled == nil && plain.images.transform is PlainTransform)
        #expect(training(.augmentation).images.transform is AugmentationPolicy)
        #expect(training(.unlabelled).images.unlabelled?.count == data.unlabelled.count)
        #expect(training(.steered).images.controllers.count == 2 && training(.steered).distiller == nil)
        let judged = training([.augmentation, .distillation, .judged])
        #expect(judged.gate != nil && judged.images.transform is TeacherGate && judged.images.controllers.count == 1)
        // Without a teacher nothing can judge.
        #expect(training([.augmentation, .judged]).gate == nil)
    }

    @Test("Schedules and hints of the distiller: constant unless scheduled, hints only where asked for")
    func distiller() throws {
        let constant = try #require(training(.distillation).distiller)
        #expect(constant.temperature == .constant(4) && constant.hardLabelWeight == .constant(0.1))
        #expect(constant.hints.isEmpty && constant.perturbing == nil)
        let scheduled = try #require(training([.distillation, .closedLoop, .hints]).distiller)
        #expect(scheduled.temperature == .linear(from: 3, to: 1))
        #expect(scheduled.hardLabelWeight == .cosine(from: 0.9, to: 0.1))
        #expect(scheduled.hints.map(\.student) == ["stage1", "stage2"] && scheduled.perturbing != nil)
    }

    @Test("A method with a teacher trains on the labels and under the teacher: the same seed gives the same bits")
    func fit() throws {
        func run() throws -> [String: [UInt32]] {
            var student = TinyNet(seed: 2)
            let plan = TrainingPlan(steps: 4, stepsPerEpoch: 2, batchSize: 6, learningRate: .constant(0.05), seed: 3)
            _ = try training([.distillation, .closedLoop, .unlabelled]).fit(&student, plan: plan, progress: nil)
            return student.bits
        }
        let bits = try run()
        #expect(try bits == run() && bits != TinyNet(seed: 2).bits)
    }

    @Test(
        "Charts of a run: a table for each epoch that decided on classes, one of them open, and no number that is none")
    func charts() throws {
        var student = TinyNet(seed: 2)
        let plan = TrainingPlan(steps: 6, stepsPerEpoch: 2, batchSize: 6, learningRate: .constant(0.05), seed: 3)
        let training = training([.augmentation, .distillation, .closedLoop, .judged])
        let history = try training.fit(&student, plan: plan, progress: nil)
        let gate = try #require(training.gate)
        let epochs = history.epochs.map { EpochFigures($0, rejections: gate.rejections(epoch: $0.number)) }
        #expect(epochs.count == 3 && epochs.allSatisfy { ($0.temperature ?? 0) > 0 })
        let operations = policy.singleOperations.map(\.name)
        let html = TrainingCharts(epochs, classNames: data.train.classNames, operations: operations).html
        let decided = epochs.count { $0.classDecisions != nil }
        #expect(decided > 0 && html.matches(of: /<details/).count == decided)
        #expect(html.matches(of: /<details open>/).count == 1)
        #expect(html.contains("Probability of drawing each class") && !html.contains("nan"))
    }

    @Test("Distillation without a teacher stops the program and says so")
    func missingTeacher() async {
        let expected = "StudentTraining: a method that distils, and no teacher"
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let divided = try DividedData(name: "tiny", train: TinyTask.images(60), test: TinyTask.images(9, seed: 3))
            let data = try PartlyLabelledData(divided, labels: 12, seed: 1)
            _ = StudentTraining(.distillation, on: data.labelled, of: data, policy: .digits, seed: 1)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains(expected), "\(text)")
    }
}
