import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import Training

/// Trains a student on a teacher's outputs for the very images that the student sees.
///
///     let history = try Distiller(teacher: teacher, temperature: .linear(from: 3, to: 1))
///         .fit(&student, on: digits.train, validatingOn: digits.validation, augmentedBy: policy, plan: plan)
///
/// loss = λ · cross-entropy + (1 − λ) · response loss + Σ hint weight · hint loss, where the response loss is T² · KL
/// unless another is asked for. Cross-entropy is over the images that have a label, the rest over all; so images
/// without labels take part through the teacher alone. The teacher runs in evaluation mode and without a tape, on the
/// same augmented view as the student (Beyer et al., arXiv 2106.05237), or on a weaker one of its own (`TwoViews`). The
/// history has T, λ and each term, by name, of every step.
public struct Distiller: Sendable {
    /// The big network; or an ``Ensemble`` of several, or a ``MeanTeacher``.
    public var teacher: any Module
    /// What compares the outputs.
    public var loss: ResponseLoss
    /// T over the run.
    public var temperature: Schedule
    /// λ over the run, 0 ... 1.
    public var hardLabelWeight: Schedule
    /// Feature maps to match beside the outputs.
    public var hints: [Hint]
    /// Draws a change that both networks' maps go through before a hint compares their elements; from the maps' common
    /// shape [N, H, W, C] and a random stream of this step and hint alone. Hints that compare something else ask for
    /// none.
    public var perturbing: (@Sendable (Shape, inout Philox) -> FeaturePerturbation)?
    /// The folder where the teacher's outputs are kept for later runs, which read them in place of asking the teacher;
    /// nil to keep none. Results have the same bits either way. A run whose teacher, images, augmentation, batches,
    /// seed or steering differ is refused, and so are hints: feature maps are not kept.
    public var teacherCache: URL?
    /// Feature maps of which the student's is to tell its image from others, beside the outputs.
    public var contrasts: [ContrastTerm] = []
    /// What is learnt beside: terms of the caller's.
    public var terms: [any DistillationTerm] = []
    /// What T, λ and the images' weights answer to beside their schedules.
    public var dynamics = Dynamics()

    /// Describes a distillation.
    public init(
        teacher: any Module, loss: ResponseLoss = .hinton, temperature: Schedule = .constant(4),
        hardLabelWeight: Schedule = .constant(0.1), hints: [Hint] = [],
        perturbing: (@Sendable (Shape, inout Philox) -> FeaturePerturbation)? = nil, teacherCache: URL? = nil
    ) {
        self.teacher = teacher
        self.loss = loss
        self.temperature = temperature
        self.hardLabelWeight = hardLabelWeight
        self.hints = hints
        self.perturbing = perturbing
        self.teacherCache = teacherCache
    }

    /// Trains a student.
    ///
    /// - Parameters:
    ///   - student: the small network; holds the result afterwards, without the hints' adapters.
    ///   - labelled: images with labels.
    ///   - unlabelled: images without.
    ///   - validation: held-out images with labels.
    ///   - normalization: the teacher's, as it sees the same inputs; that of the labelled images when omitted.
    ///   - transform: the augmentation.
    ///   - controllers: what steers the sampling and the augmentation.
    ///   - plan: how long and how.
    /// - Throws: as ``fit(_:on:plan:checkpoint:keeping:afterStep:progress:shouldStop:)``.
    public func fit<Student: Module>(
        _ student: inout Student, on labelled: any ImageSource, unlabelled: (any ImageSource)? = nil,
        validatingOn validation: (any ImageSource)? = nil, normalization: Normalization? = nil,
        augmentedBy transform: any BatchTransform = PlainTransform(), steeredBy controllers: [any DataController] = [],
        plan: TrainingPlan
    ) throws -> History {
        let data = TrainingData(
            labelled: labelled, unlabelled: unlabelled, validation: validation,
            normalization: try normalization ?? .of(labelled),
            transform: transform, controllers: controllers)
        return try fit(&student, on: data, plan: plan)
    }

    /// Trains a student, with everything that a long run needs.
    ///
    /// - Parameters:
    ///   - student: the small network; holds the result afterwards, without the hints' adapters.
    ///   - data: the images, their transform and what steers it.
    ///   - plan: how long and how.
    ///   - checkpoint: the file that keeps the run's state and that a later call continues.
    ///   - keeping: how often within an epoch the state is written too, and what is kept beside the newest.
    ///   - afterStep: called with the student and the number of steps that it has been trained for: before the first
    ///     step, of a run that goes on from a checkpoint too, and after each. To keep pruned weights at zero, for
    ///     instance.
    ///   - progress: called after every step.
    ///   - shouldStop: asked after every step whether to stop there.
    /// - Throws: before the first step `ConfigurationError` for a hint or contrast whose map does not exist, maps whose
    ///   sides do not divide, networks of different classes, a teacher whose outputs are not finite, a temperature, λ
    ///   or weight out of range anywhere in the run, dynamics that cannot be followed, and `FormatError` for a
    ///   ``teacherCache`` that is of another run; in a later step for outputs that are not finite then, or cached for
    ///   other views, and in the first for two views of an image whose maps are to be compared; `FileWriteError` when
    ///   the cache cannot be written; and what `Trainer` throws.
    public func fit<Student: Module>(
        _ student: inout Student, on data: TrainingData, plan: TrainingPlan, checkpoint: URL? = nil,
        keeping: CheckpointKeeping = .init(),
        afterStep: ((inout Student, _ steps: Int) -> Void)? = nil,
        progress: (@Sendable (TrainingProgress) -> Void)? = nil,
        shouldStop: (@Sendable () -> Bool)? = nil
    ) throws -> History {
        try loss.check()
        try checkSchedules(over: plan)
        try data.check(for: plan)
        try plan.groups.check(for: student)
        try data.check(student, for: plan)
        let (features, hasTerms) = (features, !(hints.isEmpty && contrasts.isEmpty && terms.isEmpty))
        let images = try data.sample(32)
        let sampled = ensemble.members.map { $0.featureMaps(features.teacher, of: images) }
        var source = try Teaching(self, features.teacher, sampled: sampled.map(\.logits), on: data, plan: plan)
        try dynamics.check(for: self, on: data, over: plan)
        var model = try TaughtModel(student, self, taught: sampled, images: images, data: data, seed: plan.seed)
        var step: Int?
        var trainer = Trainer(plan.ofStudent, on: data, checkpoint: checkpoint, progress: progress)
        trainer.keeping = keeping
        trainer.shouldStop = shouldStop
        trainer.teacherChoices = try data.usableValidation.flatMap { try source.choices(on: $0, of: data) }
        let history = try trainer.fit(
            &model, features: TaughtModel<Student>.requests(features.student), recipe: try recipe(),
            afterStep: {
                afterStep?(&$0.student, $1)
                if let step { $0.follow(step: step) }  // not before the first
            }
        ) { model, batch, tape, context in
            let temperature = model.temperature?.value ?? temperature.value(at: context.progress)
            let accuracies = context.previous.flatMap { last in last.validation.map { (last.accuracy, $0.accuracy) } }
            let isTeacherLeft = dynamics.isTeacherLeft(after: context.previous)
            let (hardWeight, gap) =
                isTeacherLeft
                ? (1, 0)
                : dynamics.hardLabelWeight(
                    hardLabelWeight.value(at: context.progress), accuracies: accuracies)
            try checkViews(of: batch, in: context.step)
            let isTaught = hardWeight < 1 || hasTerms || dynamics.hardLabelFactor != nil
            let taught =
                isTaught
                ? try source.outputs(
                    for: batch, following: model.followers, temperature: temperature, in: context) : nil
            try source.finishStep(context)
            step = context.step
            let reversal = dynamics.curriculum?.reversal.value(at: context.progress)
            var values = ["temperature": temperature, "hardLabelWeight": hardWeight]
            values["reversal"] = reversal
            if dynamics.gapGain > 0 { values["gap"] = gap }
            if dynamics.leavesWeakerTeacher { values[History.Epoch.teacherIsLeft] = isTeacherLeft ? 1 : 0 }
            let logits = model(tape.constant(batch.inputs))
            guard let taught else {
                let loss = logits.crossEntropy(batch)
                values["crossEntropy"] = loss.value.scalar
                return StepLoss(loss, logits: logits.value, values: values)
            }
            let samples = dynamics.terms(
                of: batch, teacher: taught.logits, temperature: temperature, hardWeight: hardWeight)
            (values["temperature"], values["hardLabelWeight"]) = (samples.meanTemperature, samples.hardShare)
            values["confidence"] = samples.confidence
            let lesson = DistillationStep(
                student: NetworkOutputs(logits: logits, maps: TaughtModel<Student>.maps(of: tape, features.student)),
                teacher: taught, batch: batch,
                temperature: temperature, context: context, seed: plan.seed, samples: samples,
                learning: model.temperature.map { ($0, -(reversal ?? 0)) })
            let (total, losses) = lesson.loss(loss, and: model.terms)
            return StepLoss(total, logits: logits.value, values: values.merging(losses) { $1 })
        }
        student = model.student
        return history
    }

    /// The names of the feature maps that terms read.
    var features: (student: Set<String>, teacher: Set<String>) {
        var all = (student: Set<String>(), teacher: Set<String>())
        for (own, other) in hints.map({ ($0.student, $0.teacher) }) + contrasts.map({ ($0.student, $0.teacher) }) {
            all.student.insert(own)
            all.teacher.insert(other)
        }
        for term in terms {
            all.student.formUnion(term.studentFeatures)
            all.teacher.formUnion(term.teacherFeatures)
        }
        return all
    }

    /// Both schedules at every step, before the first: a run does not end in its middle over its last temperature.
    private func checkSchedules(over plan: TrainingPlan) throws {
        for step in 0..<plan.steps {
            let progress = plan.progress(at: step)
            let (temperature, weight) = (temperature.value(at: progress), hardLabelWeight.value(at: progress))
            guard temperature > 0, temperature.isFinite else {
                throw ConfigurationError(
                    ["temperature"],
                    "\(temperature) in step \(step) is not a number above 0; T = 1 is the teacher as it is")
            }
            guard weight >= 0, weight <= 1 else {
                throw ConfigurationError(
                    ["hardLabelWeight"],
                    "\(weight) in step \(step) is not in 0 ... 1; 0 leaves out the labels, 1 the teacher's outputs"
                )
            }
        }
    }

    /// What the loss depends on, for checkpoints.
    private func recipe() throws -> String {
        struct Recipe: Encodable {
            let teacher: String
            let adaptations: [AdaptedTeacher.Adaptation?]?
            let averaging: Ensemble.Averaging?
            let decays: [Float]?
            let loss: ResponseLoss
            let temperature, hardLabelWeight: Schedule
            let hints: [Hint]
            let isPerturbed: Bool
            let contrasts: [ContrastTerm]
            let dynamics: Dynamics
            let terms: [String]?
        }
        func text(of term: any DistillationTerm) throws -> String {
            let constants = try (term as? any Encodable).map { try StableCoding.text($0) }
            return "\(type(of: term)) \(term.name) \(term.weight) \(constants ?? "")"
        }
        let decays = ensemble.followers.map(\.decay)
        let adaptations = ensemble.members.map { ($0 as? AdaptedTeacher)?.adaptation }
        return try StableCoding.text(
            Recipe(
                teacher: Fingerprint.of { $0.add(teacher.tensors) },
                adaptations: adaptations.contains { $0 != nil } ? adaptations : nil,
                averaging: ensemble.members.count > 1 ? ensemble.averaging : nil, decays: decays.isEmpty ? nil : decays,
                loss: loss, temperature: temperature, hardLabelWeight: hardLabelWeight, hints: hints,
                isPerturbed: perturbing != nil, contrasts: contrasts, dynamics: dynamics,
                terms: terms.isEmpty ? nil : terms.map { try text(of: $0) }))
    }

    /// Maps of two views have nothing in common to compare.
    private func checkViews(of batch: Batch, in step: Int) throws {
        guard batch.teacherInputs != nil, !batch.isOneView, !features.student.isEmpty, !features.teacher.isEmpty else {
            return
        }
        throw ConfigurationError(
            ["transform"],
            "gives the teacher another view than the student in step \(step), but hints, contrasts and terms compare the "
                + "maps of one view")
    }
}

extension TrainingPlan {
    /// The plan for a student that is part of a ``TaughtModel``: the paths of its groups begin there.
    fileprivate var ofStudent: TrainingPlan {
        var plan = self
        for index in groups.indices { plan.groups[index].path = "student." + groups[index].path }
        return plan
    }
}

extension TrainingData {
    /// Up to so many of the labelled images from all over the set, not augmented, [N, H, W, C].
    ///
    /// - Throws: what their source throws.
    func sample(_ count: Int) throws -> Tensor {
        let raw = RawBatch(images: try labelled.subset(evenly: count).loaded(), seed: 0, epoch: 0)
        return PlainTransform()(raw, normalization: normalization).inputs
    }
}
