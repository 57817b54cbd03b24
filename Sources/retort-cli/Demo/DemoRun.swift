import Foundation
import Retort

/// How long the demo's networks are trained.
struct DemoSettings {
    let studentSteps: Int
    let teacherSteps: Int
    let strength: Double
}

/// One trained network of the demo, evaluated.
struct DemoModel {
    let network: ConvNet
    let history: History
    /// On the test set, read once.
    let test: ClassReport
    /// What the teacher rejected in each epoch; empty where it did not judge.
    let rejections: [[OperationRejections]]

    /// On validation data, what choices are made by.
    var validationAccuracy: Double { history.validationAccuracy ?? 0 }
}

/// One pass through the demo's protocol: a teacher, the students, and the best of them as INT8.
struct DemoRun {
    let data: DemoData
    let settings: DemoSettings
    let seed: UInt64
    let policy: AugmentationPolicy
    private(set) var models: [Arm: DemoModel] = [:]
    private(set) var best = Arm.student
    private(set) var int8: (model: QuantizedModel, test: ClassReport)?

    init(_ data: DemoData, settings: DemoSettings, seed: UInt64) {
        self.data = data
        self.settings = settings
        self.seed = seed
        policy = settings.strength == 1 ? data.policy : data.policy.scaled(by: settings.strength)
    }

    /// Trains, chooses and quantises; shows its progress.
    mutating func run(title: (Arm) -> String) throws {
        let teacher = try train(.teacher, teacher: nil, title)
        for arm in Arm.students { try train(arm, teacher: teacher, title) }
        // Validation data chooses; ties go to the simpler arm.
        best = Arm.students.reduce(.student) { validation($1) > validation($0) ? $1 : $0 }
        guard let chosen = models[best] else { return }
        let images = data.unlabelled.subset(Array(0..<min(500, data.unlabelled.count)))
        let batches = images.batches(of: 100, normalization: data.normalization).map(\.inputs)
        let model = try QuantizedModel(chosen.network, calibratedOn: batches)
        let report = evaluate(on: data.test, normalization: data.normalization) { model.predict($0) }
        int8 = (model, report)
    }

    private func validation(_ arm: Arm) -> Double { models[arm]?.validationAccuracy ?? 0 }

    @discardableResult
    private mutating func train(
        _ arm: Arm, teacher: ConvNet?, _ title: (Arm) -> String
    ) throws -> ConvNet {
        let bar = ProgressBar(title(arm))
        var network = ConvNet(
            width: arm.width, channels: data.train.channels, classes: data.train.classCount, seed: seed)
        let training = StudentTraining(
            arm.method, on: arm == .teacher ? data.train : data.labelled, of: data, policy: policy, teacher: teacher,
            seed: seed)
        let steps = arm == .teacher ? settings.teacherSteps : settings.studentSteps
        let history = try training.fit(&network, plan: .experiment(steps: steps, seed: seed)) { bar.update($0) }
        let test = network.evaluated(on: data.test, normalization: data.normalization)
        models[arm] = DemoModel(
            network: network, history: history, test: test,
            rejections: training.gate.map { gate in history.epochs.map { gate.rejections(epoch: $0.number) } } ?? [])
        return network
    }
}
