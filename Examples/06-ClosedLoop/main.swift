// The closed loop: validation decides which classes are drawn more often and which operations their images get, hard samples
// get stronger geometry, and the teacher judges each view: what it cannot read is drawn again. The weight of the hard labels
// and the temperature fall; unlabelled images take part through the teacher.
//
// Prints an epoch a line, with the share that the teacher rejected of the operation that it read worst and the classes that
// are drawn more often than the others; then by operation what was rejected and how much more probable it became; ends with
// the student's accuracy on test images.

import Foundation
import Retort

let digits = try Digits.embedded()
let split = try digits.train.split(labelled: 100, seed: 1)
let normalization = Normalization.of(digits.train)
let policy = AugmentationPolicy.digits

var network = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
let everything = TrainingData(labelled: digits.train, normalization: normalization, transform: policy)
_ = try Trainer(TrainingPlan(steps: 250, stepsPerEpoch: 250, seed: 1), on: everything).fit(&network)
let teacher = network

// The judge knows the teacher as a function from inputs to logits.
let gate = TeacherGate(policy, share: 0.5, redraws: 2) { teacher.predict($0) }

var student = ConvNet(width: 8, channels: 1, classes: 10, seed: 7)
let data = TrainingData(
    labelled: split.labelled, unlabelled: split.unlabelled, validation: digits.validation,
    normalization: normalization, transform: gate,
    controllers: [
        ClassController(threshold: 0.95), OperationController(policy), HardnessController(.stronger(upTo: 1.3)),
    ])
let distiller = Distiller(
    teacher: teacher, temperature: .linear(from: 3, to: 1), hardLabelWeight: .cosine(from: 0.9, to: 0.1))
let plan = TrainingPlan(steps: 160, stepsPerEpoch: 40, batchSize: 48, unlabelledBatchSize: 48, seed: 1)
let history = try distiller.fit(&student, on: data, plan: plan)

for epoch in history.epochs {
    let favoured = (epoch.classProbabilities ?? []).enumerated().filter { $0.element > 0.1001 }.map { "\($0.offset)" }
    let rejected = gate.rejections(epoch: epoch.number).reduce(0) { max($0, $1.share) } * 100
    let line = String(
        format: "epoch %d  T %.2f  λ %.2f  strength %.2f  validation %.1f %%  rejected %.1f %%", epoch.number + 1,
        epoch.values["temperature"] ?? 0, epoch.values["hardLabelWeight"] ?? 0, epoch.strength,
        (epoch.validation?.accuracy ?? 0) * 100, rejected)
    print(line + "  drawn more often: " + (favoured.isEmpty ? "none" : favoured.joined(separator: " ")))
}
for (step, line) in gate.rejections().enumerated() {
    let factors = (history.epochs.last?.stepFactors ?? []).map { String(format: "%.1f", $0[step]) }
    print("\(line); by class times \(factors.joined(separator: " "))")
}
let test = student.evaluated(on: digits.test, normalization: normalization)
print(String(format: "with 100 labels: %.1f %% on test images", test.accuracy * 100))
