import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import Training

/// Trains a student on a teacher's outputs for the very images that the student sees.
///
///     let history = try Distiller(teacher: teacher, temperature: .linear(from: 3, to: 1))
///         .fit(&student, on: digits.train, validatingOn: digits.validation, augmentedBy: policy, plan: .init(steps: 500))
///
/// loss = λ · cross-entropy + (1 − λ) · response loss + Σ hint weight · hint loss, where the response loss is T² · KL unless
/// another is asked for. Cross-entropy is over the images that have a label, the rest over all; so images without labels take
/// part through the teacher alone. The teacher runs in evaluation mode and without a tape, on the same augmented view as the
/// student (Beyer et al., arXiv 2106.05237), or on a weaker one of its own (`TwoViews`). The history has T, λ and each
/// term, by name, of every step.
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
    /// Draws a change that both networks' maps go through before a hint compares their elements; from the maps' common shape
    /// [N, H, W, C] and a random stream of this step and hint alone. Hints that compare something else ask for none.
    public var perturbing: (@Sendable (Shape, inout Philox) -> FeaturePerturbation)?
    /// The folder where the teacher's outputs are kept for later runs, which read them in place of asking the teacher; nil to
    /// keep none. Results have the same bits either way. A run whose teacher, images, augmentation, batches, seed or steering
    /// differ is refused, and so are hints: feature maps are not kept.
    public var teacherCache: URL?
    /// Feature maps of which the student's is to tell its image from others, beside the outputs.
    public var contrasts: [Contrast] = []
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
        _ student: inout Student, on labelled: ImageSet, unlabelled: ImageSet? = nil,
        validatingOn validation: ImageSet? = nil, normalization: Normalization? = nil,
        augmentedBy transform: any BatchTransform = PlainTransform(), steeredBy controllers: [any DataController] = [],
        plan: TrainingPlan
    ) throws -> History {
        let data = TrainingData(
            labelled: labelled, unlabelled: unlabelled, validation: validation, normalization: normalization,
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
    ///   - afterStep: called with the student and the number of steps that it has been trained for: before the first step, of a run
    ///     that goes on from a checkpoint too, and after each. To keep pruned weights at zero, for instance.
    ///   - progress: called after every step.
    ///   - shouldStop: asked after every step whether to stop there.
    /// - Throws: before the first step `FormatError` for a hint or contrast whose map does not exist, maps whose sides do not divide,
    ///   networks of different classes, a teacher whose outputs are not finite, a temperature, λ or weight out of range
    ///   anywhere in the run, dynamics that cannot be followed, and a ``teacherCache`` that is of another run; in a later step
    ///   for outputs that are not finite then, or cached for other views, and in the first for two views of an image whose maps
    ///   are to be compared; `FileWriteError` when the cache cannot be written; and what `Trainer` throws.
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
        let features = (
            student: Set(hints.map(\.student) + contrasts.map(\.student)),
            teacher: Set(hints.map(\.teacher) + contrasts.map(\.teacher))
        )
        let images = data.sample(32)
        let sampled = ensemble.members.map { $0.featureMaps(features.teacher, of: images) }
        var source = try Teaching(self, features.teacher, sampled: sampled.map(\.logits), on: data, plan: plan)
        try dynamics.check(for: self, on: data, over: plan)
        var model = try HintedStudent(
            student, taught: sampled, hints: hints, followers: ensemble.followers, images: images, seed: plan.seed)
        try model.addContrasts(contrasts, teacher: teacher, data: data, images: data.sample(2), seed: plan.seed)
        model.temperature = dynamics.curriculum.map { LearntTemperature($0, from: temperature.value(at: 0)) }
        var step: Int?
        var trainer = Trainer(plan, on: data, checkpoint: checkpoint, progress: progress)
        trainer.keeping = keeping
        trainer.shouldStop = shouldStop
        trainer.teacherChoices = try data.usableValidation.flatMap { try source.choices(on: $0, data.normalization) }
        let history = try trainer.fit(
            &model, features: features.student, recipe: try recipe(),
            afterStep: {
                afterStep?(&$0.student, $1)
                if let step { $0.follow(step: step) }  // not before the first
            }
        ) { model, batch, tape, context in
            let temperature = model.temperature?.value ?? temperature.value(at: context.progress)
            let accuracies = context.previous.flatMap { last in last.validation.map { (last.accuracy, $0.accuracy) } }
            let (hardWeight, gap) = dynamics.hardLabelWeight(
                hardLabelWeight.value(at: context.progress), accuracies: accuracies)
            try checkViews(of: batch, in: context.step)
            let isTaught = hardWeight < 1 || !features.teacher.isEmpty || dynamics.hardLabelFactor != nil
            let teaching =
                isTaught
                ? try source.outputs(
                    for: batch, following: model.followers, temperature: temperature, in: context) : nil
            try source.finishStep(context)
            step = context.step
            let logits = model(tape.constant(batch.inputs))
            let reversal = dynamics.curriculum?.reversal.value(at: context.progress)
            var (total, values) = combined(
                logits, teaching?.logits, batch, temperature, hardWeight,
                learning: model.temperature.map { ($0, -(reversal ?? 0)) })
            values["reversal"] = reversal
            if dynamics.gapGain > 0 { values["gap"] = gap }
            var adapters = model.adapters.makeIterator()
            for (index, hint) in hints.enumerated() {
                let adapter = hint.loss.needsAdapter ? adapters.next() : nil
                guard let map = tape.features[hint.student], let target = teaching?.maps[hint.teacher] else {
                    fatalError("Distiller: a network has no map of hint \(index) any more")
                }
                // Keyed by step and hint: neither dropout in the student nor another hint moves its draws.
                var random = Philox(
                    seed: plan.seed, epoch: context.step, sample: index, operation: RandomPurpose.features)
                let change = perturbing.map { draw in { draw($0, &random) } }
                let loss = hint.loss(
                    map, adapter: adapter, teacherMap: target, perturbing: change, weights: batch.weights)
                total = total + loss * hint.weight
                values[hint.name] = loss.value.scalar
            }
            for (index, (contrast, head)) in zip(contrasts, model.contrasts).enumerated() {
                guard let map = tape.features[contrast.student], let target = teaching?.maps[contrast.teacher] else {
                    fatalError("Distiller: a network has no map of contrast \(index) any more")
                }
                var random = Philox(
                    seed: plan.seed, epoch: context.step, sample: index, operation: RandomPurpose.negatives)
                let loss = head.loss(map, teacherMap: target, of: batch, using: &random)
                total = total + loss * contrast.weight
                values[contrast.name] = loss.value.scalar
            }
            return StepLoss(total, logits: logits.value, values: values)
        }
        student = model.student
        return history
    }

    /// Both schedules at every step, before the first: a run does not end in its middle over its last temperature.
    private func checkSchedules(over plan: TrainingPlan) throws {
        for step in 0..<plan.steps {
            let progress = plan.progress(at: step)
            let (temperature, weight) = (temperature.value(at: progress), hardLabelWeight.value(at: progress))
            guard temperature > 0, temperature.isFinite else {
                throw FormatError(
                    file: "distillation", place: "temperature in step \(step)", found: "\(temperature)",
                    expected: "a number above 0; T = 1 is the teacher as it is")
            }
            guard weight >= 0, weight <= 1 else {
                throw FormatError(
                    file: "distillation", place: "hardLabelWeight in step \(step)", found: "\(weight)",
                    expected: "a number in 0 ... 1, where 0 leaves out the labels and 1 the teacher's outputs")
            }
        }
    }

    /// What the loss depends on, for checkpoints.
    private func recipe() throws -> String {
        struct Recipe: Encodable {
            let teacher: String
            let joining: Ensemble.Joining?
            let decays: [Float]?
            let loss: ResponseLoss
            let temperature, hardLabelWeight: Schedule
            let hints: [Hint]
            let isPerturbed: Bool
            let contrasts: [Contrast]
            let dynamics: Dynamics
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let decays = ensemble.followers.map(\.decay)
        let text = try encoder.encode(
            Recipe(
                teacher: Fingerprint.of { $0.add(teacher.tensors) },
                joining: ensemble.members.count > 1 ? ensemble.joining : nil, decays: decays.isEmpty ? nil : decays,
                loss: loss, temperature: temperature, hardLabelWeight: hardLabelWeight, hints: hints,
                isPerturbed: perturbing != nil, contrasts: contrasts, dynamics: dynamics))
        return String(decoding: text, as: UTF8.self)
    }

    /// λ · cross-entropy + (1 − λ) · response, and both by name; with λ = 1 or 0 the other term is not computed, so that
    /// λ = 1 is cross-entropy to the last bit and needs no teacher.
    ///
    /// - Parameter learning: the temperature that is learnt, and the factor on its gradient; nil for none.
    func combined(
        _ logits: Variable, _ teaching: Tensor?, _ batch: Batch, _ temperature: Float, _ hardWeight: Float,
        learning: (temperature: LearntTemperature, factor: Float)? = nil
    ) -> (total: Variable, values: [String: Float]) {
        let terms = dynamics.terms(of: batch, teacher: teaching, temperature: temperature, hardWeight: hardWeight)
        var values = ["temperature": terms.meanTemperature, "hardLabelWeight": terms.hardShare]
        var labelled = batch
        labelled.weights = terms.hardWeights
        let hard = terms.hardShare > 0 || teaching == nil ? logits.crossEntropy(labelled) : nil
        let soft =
            terms.softShare > 0 || hard == nil
            ? teaching.map { loss.mean(student: logits, teacher: $0, batch, terms, learning: learning) } : nil
        values["crossEntropy"] = hard?.value.scalar
        values["response"] = soft?.value.scalar
        values["confidence"] = terms.confidence
        switch (hard, soft) {
        case (let hard?, let soft?): return (hard * terms.hardShare + soft * terms.softShare, values)
        case (nil, let soft?): return (terms.softShare == 1 ? soft : soft * terms.softShare, values)
        case (let hard?, nil):
            return (teaching == nil || terms.hardShare == 1 ? hard : hard * terms.hardShare, values)
        case (nil, nil): fatalError("Distiller: neither labels nor teacher in a step")
        }
    }

    /// Maps of two views have nothing in common to compare.
    private func checkViews(of batch: Batch, in step: Int) throws {
        guard batch.labellerInputs != nil, !hints.isEmpty || !contrasts.isEmpty else { return }
        throw FormatError(
            file: "distillation", place: "step \(step)", found: "a view for the teacher and another for the student",
            expected: "one view for both, or neither hints nor contrasts, which compare their maps")
    }
}

extension TrainingData {
    /// Up to so many of the labelled images from all over the set, not augmented, [N, H, W, C].
    func sample(_ count: Int) -> Tensor {
        let size = min(count, labelled.count)
        let places = (0..<size).map { $0 * labelled.count / size }
        let raw = RawBatch(images: labelled.subset(places), seed: 0, epoch: 0)
        return PlainTransform()(raw, normalization: normalization).inputs
    }
}
