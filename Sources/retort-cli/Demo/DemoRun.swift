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
    /// On validation data, what choices are made by.
    let validationAccuracy: Double
    /// On the test set, read once.
    let test: ClassReport
    /// What the teacher rejected in each epoch; empty where it did not judge.
    let rejections: [[OperationRejections]]
}

/// One pass through the demo's protocol: a teacher, the students, and the best of them pruned and as INT8.
struct DemoRun {
    let data: PartlyLabelledData
    let settings: DemoSettings
    let seed: UInt64
    let policy: AugmentationPolicy
    private(set) var models: [Arm: DemoModel] = [:]
    private(set) var best = Arm.student
    /// The INT8 models, with their results on the test set.
    private(set) var quantized: [Arm: (model: QuantizedModel, test: ClassReport)] = [:]

    init(_ data: PartlyLabelledData, settings: DemoSettings, seed: UInt64) {
        self.data = data
        self.settings = settings
        self.seed = seed
        let policy: AugmentationPolicy = data.train.channels == 1 ? .digits : .natural
        self.policy = settings.strength == 1 ? policy : policy.scaled(by: settings.strength)
    }

    /// Trains, chooses, prunes and quantises; shows its progress.
    mutating func run(title: (Arm) -> String) throws {
        let teacher = try train(.teacher, arm(.teacher), Arm.teacher.method, teacher: nil, title)
        for arm in Arm.students { try train(arm, self.arm(arm), arm.method, teacher: teacher, title) }
        // Validation data chooses; ties go to the simpler arm.
        best = Arm.students.reduce(.student) { validation($1) > validation($0) ? $1 : $0 }
        guard let chosen = models[best]?.network else { return }
        let shape: Shape = [data.train.height, data.train.width, data.train.channels]
        // Half of the arithmetic goes, and the teacher repairs the rest as it taught the student.
        let cut = try chosen.pruned(to: .multiplyAdds(0.5), inputShape: shape, channelMultiple: 8)
        let pruned = try train(.pruned, cut, best.method.union(.distillation), teacher: teacher, title)
        for (arm, network) in [(Arm.int8, chosen), (.prunedInt8, pruned)] {
            let inputs = try data.train.calibrationInputs(500, normalization: data.normalization)
            let model = try QuantizedModel(network, calibratedOn: inputs)
            quantized[arm] = (
                model, try evaluate(on: data.test, normalization: data.normalization) { model.predict($0) }
            )
        }
    }

    /// The arm that another was made of; itself for one that was trained from the start.
    func origin(of arm: Arm) -> Arm {
        switch arm {
        case .int8, .pruned: best
        case .prunedInt8: .pruned
        default: arm
        }
    }

    /// How the arm did on the test set.
    func test(of arm: Arm) -> ClassReport? { quantized[arm]?.test ?? models[arm]?.test }

    /// The network of an arm before its training.
    private func arm(_ arm: Arm) -> ConvNet {
        ConvNet(width: arm.width, channels: data.train.channels, classes: data.train.classCount, seed: seed)
    }

    private func validation(_ arm: Arm) -> Double { models[arm]?.validationAccuracy ?? 0 }

    @discardableResult
    private mutating func train(
        _ arm: Arm, _ start: ConvNet, _ method: TrainingMethod, teacher: ConvNet?, _ title: (Arm) -> String
    ) throws -> ConvNet {
        let bar = ProgressBar(title(arm))
        var network = start
        let training = StudentTraining(
            method, on: arm == .teacher ? data.train : data.labelled, of: data, policy: policy, teacher: teacher,
            seed: seed)
        let steps = arm == .teacher ? settings.teacherSteps : settings.studentSteps
        let history = try training.fit(&network, plan: .experiment(steps: steps, seed: seed)) { bar.update($0) }
        let test = try network.evaluated(on: data.test, normalization: data.normalization)
        guard let accuracy = history.validationAccuracy else { fatalError("DemoRun: no validation") }
        models[arm] = DemoModel(
            network: network, history: history, validationAccuracy: accuracy, test: test,
            rejections: training.gate.map { gate in history.epochs.map { gate.rejections(epoch: $0.number) } } ?? [])
        return network
    }
}
