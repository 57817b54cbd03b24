import Retort

// What the pages of Training and Distill show of optimisers, schedules and terms of one's own, and of dynamics.

struct SignDescent: OptimizerRule {
    var momentum: Float = 0.9

    func step(_ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep) {
        let mean = (state["mean"] ?? .zeros(value.shape)) * momentum + gradient * (1 - momentum)
        value.add(mean.map { $0 < 0 ? -1 : 1 }, scaledBy: -step.rate)
        state["mean"] = mean
    }
}

private func ownPlan() -> TrainingPlan {
    var plan = TrainingPlan(steps: 500, optimizer: .init(SignDescent()))
    plan.learningRate = .custom("triangle") { 0.01 * (1 - abs(2 * $0 - 1)) }
    plan.groups = [.frozen("stage1"), ParameterGroup("stage2", rateFactor: 0.1, weightDecay: 0)]
    return plan
}

struct LogitDistance: DistillationTerm {
    let name = "logits"
    let weight: Float = 0.1

    func callAsFunction(_ step: DistillationStep) -> Variable {
        step.student.logits.meanSquaredError(to: step.teacher.logits)
    }
}

private func ownTerm(_ distiller: Distiller) -> Distiller {
    var distiller = distiller
    distiller.terms = [LogitDistance()]
    return distiller
}

private func adapted(
    _ network: any Module, _ own: Normalization, _ normalization: Normalization, _ policy: AugmentationPolicy
) -> (AdaptedTeacher, TwoSizes) {
    let adapted = AdaptedTeacher(
        network, reading: ImageSize(height: 224, width: 224, channels: 3), normalizedBy: own, from: normalization,
        classes: [[281, 282, 285], [207]])
    let views = TwoSizes(policy, teacher: (height: 224, width: 224))
    return (adapted, views)
}

private func dynamics(
    _ distiller: Distiller, _ weak: AugmentationPolicy, _ strong: AugmentationPolicy,
    _ split: (labelled: ImageSet, unlabelled: ImageSet, validation: ImageSet),
    _ student: inout ConvNet, plan: TrainingPlan
) throws -> History {
    var distiller = distiller
    let perturbation = FeaturePolicy(dropBlock: DropBlock(share: 0.1, blockSize: 5))
    distiller.perturbing = { shape, random in perturbation.draw(shape: shape, using: &random) }
    distiller.contrasts = [ContrastTerm("stage2", weight: 0.1, negatives: 256)]

    distiller.dynamics.curriculum = TemperatureCurriculum(lowest: 1, highest: 21, reversal: .cosine(from: 0, to: 1))

    distiller.temperature = .stairs(.exponential(from: 4, to: 1), parts: plan.epochs)
    distiller.dynamics.temperatureFactor = EntropyFactor(sure: 1.5, unsure: 0.5)
    distiller.dynamics.hardLabelFactor = EntropyFactor(sure: 0.5, unsure: 2)
    distiller.dynamics.gapGain = 1

    distiller.contrasts = []
    distiller.dynamics.confidence = .atLeast(0.8)
    return try distiller.fit(
        &student, on: split.labelled, unlabelled: split.unlabelled, augmentedBy: TwoViews(weak: weak, strong: strong),
        plan: plan)
}
