// Distillation: what a teacher adds when only a hundred labels are known.
//
// Ends with lines like
//     teacher                        94.6 %
//     student alone                  74.1 %
//     distilled on augmented views   91.5 %

import Foundation
import Retort

let digits = try Digits.embedded()
let few = try digits.train.split(labelled: 100, seed: 1).labelled
let normalization = Normalization.of(digits.train)

func plan(_ steps: Int) -> TrainingPlan { TrainingPlan(steps: steps, stepsPerEpoch: steps, seed: 1) }
func accuracy(_ network: some Module) -> String {
    String(format: "%.1f %%", network.evaluated(on: digits.test, normalization: normalization).accuracy * 100)
}

// A teacher that knows all labels; it stands for one that was trained elsewhere.
var teacher = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
let everything = TrainingData(
    labelled: digits.train, normalization: normalization, transform: AugmentationPolicy.digits)
_ = try Trainer(plan(200), on: everything).fit(&teacher)
print("teacher                        \(accuracy(teacher))")

// A student that learns from a hundred labels alone.
var alone = ConvNet(width: 8, channels: 1, classes: 10, seed: 7)
_ = try Trainer(plan(300), on: TrainingData(labelled: few, normalization: normalization)).fit(&alone)
print("student alone                  \(accuracy(alone))")

// The same student, on augmented views of the same hundred images, with the teacher's reading of each view.
var student = ConvNet(width: 8, channels: 1, classes: 10, seed: 7)
let distiller = Distiller(
    teacher: teacher, loss: .hinton, temperature: .linear(from: 4, to: 2), hardLabelWeight: .constant(0.1))
_ = try distiller.fit(
    &student, on: few, normalization: normalization, augmentedBy: AugmentationPolicy.digits, plan: plan(300))
print("distilled on augmented views   \(accuracy(student))")

// Which temperature? A grid, chosen on validation data, with short runs.
let data = TrainingData(
    labelled: few, validation: digits.validation, normalization: normalization, transform: AugmentationPolicy.digits)
let search = try TemperatureSearch(
    distiller, student: ConvNet(width: 8, channels: 1, classes: 10, seed: 7), over: [1, 3, 5], on: data, plan: plan(40)
)
for trial in search.trials {
    print(String(format: "T = %.0f: validation %.1f %%", trial.temperature, trial.validation.accuracy * 100))
}
print("best temperature: \(search.best)")
