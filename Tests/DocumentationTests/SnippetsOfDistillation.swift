// Snippets of the documentation of distillation, so that they are compiled. Nothing here is run.
import Foundation
import Retort
import Synchronization

/// A network that another thread may ask while its original learns.
final class StudentCopy: Sendable {
    private let network: Mutex<ConvNet>

    init(_ network: ConvNet) { self.network = Mutex(network) }

    func renew(_ network: ConvNet) { self.network.withLock { $0 = network } }

    func predict(_ inputs: Tensor) -> Tensor { network.withLock { $0 }.predict(inputs) }
}

private func selecting(
    _ student: inout ConvNet, _ teacher: ConvNet, _ policy: AugmentationPolicy, _ labelled: ImageSet,
    _ plan: TrainingPlan
) throws -> History {
    let copy = StudentCopy(student)
    let selector = ViewSelector(policy, candidates: 4) {
        teacher.predict($0)
    } student: {
        copy.predict($0)
    }
    let data = TrainingData(labelled: labelled, transform: selector)
    let history = try Distiller(teacher: teacher).fit(&student, on: data, plan: plan) { student, steps in
        if steps % plan.stepsPerEpoch == 0 { copy.renew(student) }
    }
    return history
}

private func losses(_ teacher: ConvNet) -> Distiller {
    var distiller = Distiller(teacher: teacher, loss: .standardized(.decoupled()), temperature: .constant(2))
    distiller.loss = .kullbackLeibler(reverse: 0.25)
    distiller.hints = [Hint("stage1", loss: .attention), Hint("stage2", weight: 0.02, loss: .relational())]
    return distiller
}

private func teachers(
    _ student: inout ConvNet, _ first: ConvNet, _ second: ResNet, _ data: TrainingData, _ plan: TrainingPlan,
    _ folder: URL
) throws {
    var distiller = Distiller(teacher: Ensemble([first, second], joining: .crossEntropy))
    distiller.teacher = MeanTeacher(of: student, decay: 0.99)

    distiller.teacher = first
    distiller.teacherCache = folder
    for width in [4, 8, 16] {
        var student = ConvNet(width: width, channels: 1, classes: 10, seed: 7)
        _ = try distiller.fit(&student, on: data, plan: plan)
    }
}

private func generations(_ teacher: ConvNet, _ data: TrainingData, _ plan: TrainingPlan) throws -> Ensemble {
    var generations = [teacher]
    for seed in 1...3 {
        var student = ConvNet(width: 16, channels: 1, classes: 10, seed: UInt64(seed))
        _ = try Distiller(teacher: generations[seed - 1]).fit(&student, on: data, plan: plan)
        generations.append(student)
    }
    return Ensemble(generations, joining: .logits)
}

private func assistants(_ big: ResNet, _ data: TrainingData, _ plan: TrainingPlan) throws -> any Module {
    var teacher: any Module = big
    for width in [32, 16, 8] {
        var student = ConvNet(width: width, channels: 1, classes: 10, seed: 7)
        _ = try Distiller(teacher: teacher).fit(&student, on: data, plan: plan)
        teacher = student
    }
    return teacher
}

private func mutual(_ data: TrainingData, _ plan: TrainingPlan) throws -> [Double?] {
    var student = ConvNet(width: 8, channels: 1, classes: 10, seed: 1)
    var peer = ConvNet(width: 16, channels: 1, classes: 10, seed: 2)
    let history = try MutualLearning().fit(&student, &peer, on: data, plan: plan)
    return [history.validationAccuracy, history.peers[0].validationAccuracy]
}

private func dynamics(
    _ distiller: Distiller, _ weak: AugmentationPolicy, _ strong: AugmentationPolicy, _ split: DataSplit,
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
