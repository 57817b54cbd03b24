import ArgumentParser
import Foundation
import Retort

/// `retort distill`.
struct DistillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill", abstract: "Trains a small network on the outputs of a trained one.",
        discussion: "The student sees the same augmented images as the teacher, with the teacher's normalization.")

    @Option(
        help: ArgumentHelp("Model that teaches; several teach as one.", valueName: "FILE.safetensors"))
    var teacher: [String]

    @Option(
        help: ArgumentHelp(
            "How several teachers' outputs become one.",
            discussion: """
                entropy and cross-entropy weigh image by image: who is unsure, or wrong by the label, has less to say.
                """))
    var joining = JoiningName.probabilities

    @OptionGroup var data: DataOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var common: CommonOptions

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Learn from the training images beyond --labels too, without their labels.")
    var unlabelled = false

    @Option(help: "Images without labels in a step, for each with one. (default: 64 images in all)")
    var unlabelledRatio: Double?

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
            "Temperature of both networks' outputs; 3:1 goes from 3 to 1 in a line. (default: 4)",
            discussion: "Any schedule goes as YAML: '{schedule: step, from: 4, factor: 0.5, at: [0.3, 0.6]}'.",
            valueName: "T|FROM:TO|SCHEDULE"),
        transform: ScheduleOption.init(argument:))
    var temperature = ScheduleOption(4)

    @Option(
        help: ArgumentHelp(
            "Weight of the labels beside the teacher, 0 to 1; 0.9:0.1 goes from 0.9 to 0.1 by a cosine. (default: 0.1)",
            valueName: "W|FROM:TO|SCHEDULE"), transform: ScheduleOption.init(argument:))
    var hardLabelWeight = ScheduleOption(0.1)

    @Option(
        help: ArgumentHelp(
            "Feature maps to match beside the outputs, as YAML: '[{stage: stage1, weight: 0.5, loss: attention}]'.",
            valueName: "LIST"), transform: HintList.init(argument:))
    var hints: HintList?

    @Option(
        help: ArgumentHelp(
            "Folder that keeps the teacher's outputs; later students read them and need not run it.",
            discussion: """
                For students that see the same views: other architectures, losses, temperatures, learning rates. Runs whose teacher, \
                images, augmentation, --batch, --steps / 20, --seed or steering differ are refused.
                """, valueName: "DIR"))
    var teacherCache: String?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Let validation steer: classes that are often wrong come more often, hard images are changed more.")
    var closedLoop = false

    @Option(
        help: ArgumentHelp(
            "What steers instead, as YAML: '[{controller: class, threshold: 0.95}]'.", valueName: "LIST"),
        transform: ControllerList.init(argument:))
    var controllers: ControllerList?

    func validate() throws {
        for value in temperature.extremes { try checkOption("temperature", value, 0.01...1000) }
        for value in hardLabelWeight.extremes { try checkOption("hard-label-weight", value, 0...1) }
        try checkOption("confidence", confidence, 0...1)
        if confidence > 0 && !unlabelled {
            throw ValidationError("--confidence: no --unlabelled found, whose images it chooses among")
        }
        if let unlabelledRatio { try checkOption("unlabelled-ratio", unlabelledRatio, 0.001...1000) }
        guard controllers == nil || !closedLoop else {
            throw ValidationError("--controllers: a list beside --closed-loop found, one of the two expected")
        }
        if unlabelled && training.labels == nil {
            throw ValidationError(
                "--unlabelled: no --labels found, a number expected, as all images have labels otherwise")
        }
    }

    func run() throws {
        if training.printRecipe { return print(try Recipe.text(of: self), terminator: "") }
        common.apply()
        try training.checkOutputs()
        if let cacheURL { try OutputFile.prepareFolder(cacheURL) }
        let policy = try training.policy()
        let teachers = try teacher.map { try StoredModel(URL(fileURLWithPath: $0)) }
        let networks = try teachers.map { try $0.trained() }
        let network = networks.count == 1 ? networks[0] : Ensemble(networks, joining: joining.joining)
        let data = try data.read(imagesAs: teachers[0].imageSize)
        let normalization = teachers[0].description.normalization
        for teacher in teachers {
            try teacher.checkFits(data)
            try teacher.checkNormalization(normalization, of: teachers[0])
        }
        let split = try training.split(data, seed: common.seed)
        let images = TrainingData(
            labelled: split.labelled, unlabelled: unlabelled ? split.unlabelled : nil,
            validation: data.validation.count > 0 ? data.validation : nil,
            normalization: normalization, transform: policy ?? PlainTransform(),
            controllers: try controllers?.controllers(steering: policy, seed: common.seed)
                ?? (closedLoop ? ClosedLoop.controllers : []))
        let description = training.description(for: data, normalization: images.normalization)
        var student = try training.network(for: data, seed: common.seed)
        let plan = try training.plan(seed: common.seed, unlabelledRatio: unlabelledRatio)
        let history = try fit(&student, to: network, on: images, plan, bar: ProgressBar(description.architecture))
        try TrainingResult(
            saving: student, description, trainedOn: images, history: history, of: data, options: training,
            recipe: try Recipe.text(of: self)
        ).show(asJSON: common.json)
    }

    private var cacheURL: URL? { teacherCache.map { URL(fileURLWithPath: $0) } }

    private func fit(
        _ student: inout some Module, to teacher: any Module, on images: TrainingData, _ plan: TrainingPlan,
        bar: ProgressBar
    ) throws -> History {
        var distiller = Distiller(
            teacher: teacher, loss: loss.loss, temperature: temperature.schedule { .linear(from: $0, to: $1) },
            hardLabelWeight: hardLabelWeight.schedule { .cosine(from: $0, to: $1) }, hints: hints?.hints ?? [],
            teacherCache: cacheURL)
        if confidence > 0 { distiller.dynamics.confidence = .atLeast(confidence) }
        let taught = distiller
        return try Interruption.watching {
            try taught.fit(
                &student, on: images, plan: plan, checkpoint: training.checkpointURL, keeping: training.keeping,
                progress: { bar.update($0) }, shouldStop: Interruption.hasCome)
        }
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

/// The ways to join teachers by the names of options.
enum JoiningName: String, ExpressibleByArgument, CaseIterable {
    case logits
    case probabilities
    case entropy
    case crossEntropy = "cross-entropy"

    var joining: Ensemble.Joining {
        switch self {
        case .logits: .logits
        case .probabilities: .probabilities
        case .entropy: .entropy
        case .crossEntropy: .crossEntropy
        }
    }
}
