import ArgumentParser
import Foundation
import Retort

/// `retort distill`.
struct DistillCommand: ParsableCommand, CheckedOptions {
    static let configuration = CommandConfiguration(
        commandName: "distill", abstract: "Trains a small network on the outputs of a trained one.",
        discussion: """
            The student sees the same augmented images as the teacher. A teacher that reads images of another size sees \
            the same views at its own size, normalised as it expects them; grey ones under a teacher for colours, too.
            """)

    @OptionGroup var teachers: TeacherOptions
    @OptionGroup var importing: ImportOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var images: ImageOptions
    @OptionGroup var training: TrainingOptions
    @OptionGroup var common: CommonOptions

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Learn from the training images beyond --labels too, without their labels.")
    var unlabelled = false

    @Option(help: "Images without labels in a step, for each with one. (default: 64 images in all)")
    var unlabelledRatio: Double?

    @OptionGroup var lesson: LessonOptions
    @OptionGroup var steering: SteeringOptions

    func check() throws {
        if lesson.confidence > 0 && !unlabelled {
            throw ConfigurationError(
                ["confidence"], "chooses among images without labels; add --unlabelled, or leave it out")
        }
        if let unlabelledRatio { try checkSetting("unlabelled-ratio", unlabelledRatio, 0.001...1000) }
        if unlabelled && training.labels == nil {
            throw ConfigurationError(
                ["unlabelled"], "needs --labels NUMBER: without, all images have labels; add it, or leave this out")
        }
        if steering.candidates != nil && training.checkpoint != nil {
            throw ConfigurationError(
                ["candidates"], "depends on a state of the student that no --checkpoint holds; leave one of the two out"
            )
        }
        if teachers.meanTeacher != nil && steering.loop == .evidence {
            throw ConfigurationError(
                ["loop"],
                "measures a teacher that stays as it is, and --mean-teacher follows the student; leave one out")
        }
        if teachers.mutual != nil {
            for (name, isAsked) in [
                ("hints", lesson.hints != nil), ("contrasts", lesson.contrasts != nil),
                ("curriculum", lesson.curriculum != nil), ("temperatures", lesson.temperatures != nil),
                ("confidence", lesson.confidence > 0), ("gate", steering.gate != nil),
                ("candidates", steering.candidates != nil), ("loop", steering.loop == .evidence),
            ] where isAsked {
                throw ConfigurationError(
                    [.name(name)], "asks a teacher, and --mutual has none; leave one of the two out")
            }
        }
    }

    func run() throws {
        if training.printRecipe { return try StandardStream.write(Recipe.text(of: self)) }
        common.apply()
        let lock = try FileLock(training.outputURL)
        defer { withExtendedLifetime(lock) {} }
        let policy = try training.policy()
        let stored = try importing.open(teachers.teacher)
        let data = try self.data.read(as: images.wanted, taughtBy: stored)
        for (name, isAsked) in [
            ("loop", steering.loop == .article), ("controllers", steering.controllers != nil),
            ("temperatures", lesson.temperatures != nil),
        ] where isAsked { try data.checkValidation(for: .name(name)) }
        let others = stored.map(\.description.normalization).filter { $0.mean.count == data.train.channels }
        let normalization = try others.first ?? .of(data.train)
        let classes = try teachers.classMap()
        let trained = try stored.map { try $0.teacher(of: data, normalization: normalization, classes: classes) }
        let split = try training.split(data, seed: common.seed)
        let description = training.description(for: data, normalization: normalization)
        var student: any Module = try training.network(for: data, seed: common.seed)
        let copy = ModelCopy(of: student)
        let judge = trained.count > 1 ? Ensemble(trained, averaging: teachers.averaging) : trained.first
        var images = TrainingData(
            labelled: split.labelled, unlabelled: unlabelled ? split.unlabelled : nil,
            validation: data.validation.count > 0 ? data.validation : nil, normalization: normalization,
            transform: try steering.transform(
                policy, teacher: judge, student: copy, size: data.train.size, teachers: stored.map(\.imageSize)),
            controllers: try steering.controllers(steering: policy, seed: common.seed))
        let plan = try training.plan(seed: common.seed, unlabelledRatio: unlabelledRatio)
        let history: History
        var loop: ClosedLoop?
        if let mutual = teachers.mutual {
            // Other weights to begin with, or they have nothing to say to each other.
            var peer = try training.network(named: mutual, for: data, seed: common.seed &+ 1)
            history = try fit(
                &student, and: &peer, on: images, plan, title: "\(description.architecture) and \(mutual)")
        } else {
            let teacher = teachers.network(trained, student: student)
            var distiller = lesson.distiller(teacher, loop: steering.loop)
            distiller.teacherCache = teachers.cacheURL
            if steering.loop == .evidence {
                loop = try followEvidence(&distiller, &images, policy, stored.map(\.imageSize))
            }
            history = try fit(&student, distiller, on: images, plan, copy, title: description.architecture)
        }
        try TrainingResult(
            saving: student, description, trainedOn: images, history: history, of: data, options: training,
            recipe: try Recipe.text(of: self), loop: loop
        ).show(asJSON: common.json)
    }

    /// Measures what teacher, labels and classes are worth, sets the distillation by it and says so.
    private func followEvidence(
        _ distiller: inout Distiller, _ images: inout TrainingData, _ policy: AugmentationPolicy?, _ sizes: [ImageSize]
    ) throws -> ClosedLoop {
        let size = images.labelled.size
        func seeing(_ transform: any BatchTransform) -> any BatchTransform { sizes.seeing(transform, besides: size) }
        let evidence = try LoopEvidence.measured(
            distiller, on: images, policy: policy, seed: common.seed, seeing: seeing)
        let loop = ClosedLoop(evidence)
        let asked = distiller.hardLabelWeight
        loop.apply(to: &distiller, &images, policy: policy, seeing: seeing)
        if lesson.labels.isGiven { distiller.hardLabelWeight = asked }
        for decision in loop.decisions { StandardStream.say("loop: \(decision)") }
        return loop
    }

    private func fit(
        _ student: inout any Module, _ distiller: Distiller, on images: TrainingData, _ plan: TrainingPlan,
        _ copy: ModelCopy, title: String
    ) throws -> History {
        var distiller = distiller
        if let temperatures = lesson.temperatures?.value {
            var short = plan
            short.steps = max(1, plan.steps / 4)
            distiller.temperature = .constant(
                try TemperatureSearch(distiller, student: student, over: temperatures, on: images, plan: short).best)
        }
        let bar = ProgressBar(title)
        return try Interruption.telling(of: images) {
            try distiller.fit(
                &student, on: images, plan: plan, checkpoint: training.checkpointURL,
                keeping: training.keeping(for: self),
                afterStep: { if $1 % plan.stepsPerEpoch == 0 { copy.renew($0.base) } },
                progress: { bar.update($0) }, shouldStop: Interruption.hasCome)
        }
    }

    /// Trains two students that teach each other.
    private func fit(
        _ student: inout any Module, and peer: inout any Module, on images: TrainingData, _ plan: TrainingPlan,
        title: String
    ) throws -> History {
        let bar = ProgressBar(title)
        let learning = MutualLearning(
            loss: lesson.loss, temperature: lesson.temperature.schedule { .linear(from: $0, to: $1) }.value(at: 0))
        return try Interruption.telling(of: images) {
            try learning.fit(
                &student, &peer, on: images, plan: plan, checkpoint: training.checkpointURL,
                keeping: training.keeping(for: self),
                progress: { bar.update($0) }, shouldStop: Interruption.hasCome)
        }
    }
}
