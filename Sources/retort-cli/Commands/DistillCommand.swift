import ArgumentParser
import Foundation
import Retort

/// `retort distill`.
struct DistillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill", abstract: "Trains a small network on the outputs of a trained one.",
        discussion: "The student sees the same augmented images as the teacher, with the teacher's normalization.")

    @Option(help: ArgumentHelp("Model that teaches.", valueName: "FILE.safetensors"))
    var teacher: String

    @OptionGroup var data: DataOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var common: CommonOptions

    @Flag(help: "Learn from the training images beyond --labels too, without their labels.")
    var unlabelled = false

    @Option(
        help: ArgumentHelp(
            "Leave out images without labels of which the teacher is less sure than this, 0 to 1.", valueName: "P"))
    var confidence: Float = 0

    @Option(
        help: ArgumentHelp(
            "What compares the networks' outputs.",
            discussion: """
                kl suits most; dkd where the teacher is sure of nearly all, dist where it is far better. Both have large \
                gradients: with few steps give them a quarter of the learning rate.
                """))
    var loss = LossName.kl

    @Option(
        help: ArgumentHelp(
            "Temperature of both networks' outputs; 3:1 goes from 3 to 1 in a line.", valueName: "T|FROM:TO"))
    var temperature = Ramp(from: 4, to: 4)

    @Option(
        help: ArgumentHelp(
            "Weight of the labels beside the teacher, 0 to 1; 0.9:0.1 goes from 0.9 to 0.1 by a cosine.",
            valueName: "W|FROM:TO"))
    var hardLabelWeight = Ramp(from: 0.1, to: 0.1)

    @Flag(help: "Let validation steer: classes that are often wrong come more often, hard images are changed more.")
    var closedLoop = false

    func validate() throws {
        for end in [temperature.from, temperature.to] { try checkOption("temperature", end, 0.01...1000) }
        for end in [hardLabelWeight.from, hardLabelWeight.to] { try checkOption("hard-label-weight", end, 0...1) }
        try checkOption("confidence", confidence, 0...1)
        if confidence > 0 && !unlabelled {
            throw ValidationError("--confidence: no --unlabelled found, whose images it chooses among")
        }
        if unlabelled && training.labels == nil {
            throw ValidationError(
                "--unlabelled: no --labels found, a number expected, as all images have labels otherwise")
        }
    }

    func run() throws {
        common.apply()
        try training.checkOutputs()
        let transform = try training.transform()
        let teacher = try StoredModel(teacher)
        let network = try teacher.trained()
        let data = try data.read(imagesAs: teacher.imageSize)
        try teacher.checkFits(data)
        let split = try training.split(data, seed: common.seed)
        let images = TrainingData(
            labelled: split.labelled, unlabelled: unlabelled ? split.unlabelled : nil,
            validation: data.validation.count > 0 ? data.validation : nil,
            normalization: teacher.description.normalization, transform: transform,
            controllers: closedLoop ? ClosedLoop.controllers : [])
        let description = try training.description(for: data, normalization: images.normalization)
        var student = description.architecture.makeNetwork(seed: common.seed)
        let plan = training.plan(for: description.architecture, seed: common.seed)
        let history = try fit(&student, to: network, on: images, plan, bar: ProgressBar(description.architecture.name))
        try TrainingResult(
            saving: student, description, trainedOn: images, history: history, of: data, options: training
        ).show(asJSON: common.json)
    }

    private func fit(
        _ student: inout some Module, to teacher: any Module, on images: TrainingData, _ plan: TrainingPlan,
        bar: ProgressBar
    ) throws -> History {
        var distiller = Distiller(
            teacher: teacher, loss: loss.loss, temperature: temperature.schedule { .linear(from: $0, to: $1) },
            hardLabelWeight: hardLabelWeight.schedule { .cosine(from: $0, to: $1) })
        if confidence > 0 { distiller.dynamics.confidence = .atLeast(confidence) }
        return try distiller.fit(
            &student, on: images, plan: plan, checkpoint: training.checkpointURL,
            progress: { bar.update($0) })
    }
}

/// The response losses by the names that the literature has for them.
enum LossName: String, ExpressibleByArgument, CaseIterable {
    case kl
    case reverseKL = "reverse-kl"
    case jensenShannon = "jensen-shannon"
    case mse
    case dkd
    case dist
    case standardizedKL = "standardized-kl"
    case standardizedDKD = "standardized-dkd"

    var loss: ResponseLoss {
        switch self {
        case .kl: .hinton
        case .reverseKL: .kullbackLeibler(reverse: 1)
        case .jensenShannon: .jensenShannon
        case .mse: .meanSquaredError
        case .dkd: .decoupled()
        case .dist: .correlation()
        case .standardizedKL: .standardized(.hinton)
        case .standardizedDKD: .standardized(.decoupled())
        }
    }
}

/// A number, or two that a run goes between: `4` or `3:1`.
struct Ramp: ExpressibleByArgument, CustomStringConvertible {
    let from, to: Float

    init(from: Float, to: Float) {
        self.from = from
        self.to = to
    }

    init?(argument: String) {
        let ends = argument.split(separator: ":", omittingEmptySubsequences: false).map { Float($0) }
        guard (1...2).contains(ends.count), let from = ends.first ?? nil, let to = ends.last ?? nil else { return nil }
        self.init(from: from, to: to)
    }

    /// A schedule of this shape between the two, or a constant.
    func schedule(_ shape: (Float, Float) -> Schedule) -> Schedule { from == to ? .constant(from) : shape(from, to) }

    var description: String { from == to ? "\(from)" : "\(from):\(to)" }
}
