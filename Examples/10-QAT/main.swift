// Quantisation-aware training: a narrow student with weights of 3 bits, where rounding hurts, is quantised as it is, repaired
// without training, and trained with the rounding in place, on labels alone and under the larger network.
//
// Prints the test accuracy of each:
//     student in FP32              89.5 %
//     weights of 3 bits            51.5 %
//     repaired without training    87.4 %
//     trained on labels            89.1 %
//     trained under the teacher    89.2 %
// One seed: which of the last three is best differs from seed to seed. Quantize's documentation has five.

import Foundation
import Retort

let digits = try Digits.embedded()
let normalization = Normalization.of(digits.train)
let views = TrainingData(labelled: digits.train, normalization: normalization, transform: AugmentationPolicy.digits)
func plan(_ steps: Int, rate: Float = 0.2, seed: UInt64) -> TrainingPlan {
    TrainingPlan(
        steps: steps, stepsPerEpoch: steps, learningRate: .warmUp(0.05, then: .cosine(from: rate, to: 0)), seed: seed)
}
func show(_ name: String, _ predict: (Tensor) -> Tensor) {
    let accuracy = evaluate(on: digits.test, normalization: normalization, predict: predict).accuracy * 100
    print(name.padding(toLength: 28, withPad: " ", startingAt: 0) + String(format: "%5.1f %%", accuracy))
}

var teacher = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
_ = try Trainer(plan(300, seed: 1), on: views).fit(&teacher)
var student = ConvNet(width: 4, channels: 1, classes: 10, seed: 7)
_ = try Distiller(teacher: teacher).fit(&student, on: views, plan: plan(400, seed: 2))
show("student in FP32") { student.predict($0) }

let calibration = digits.train.subset(Array(0..<300)).batches(of: 100, normalization: normalization).map(\.inputs)
let rounded = try QuantizedModel(student, calibratedOn: calibration, repairs: [], weightBits: 3)
show("weights of 3 bits") { rounded.predict($0) }
let repaired = try QuantizedModel(student, calibratedOn: calibration, weightBits: 3)
show("repaired without training") { repaired.predict($0) }

let aware = try QuantizationAwareNetwork(student, calibratedOn: calibration, weightBits: 3)
let training = plan(200, rate: 0.03, seed: 3)
var alone = aware
_ = try Trainer(training, on: views).fit(&alone)
let byLabels = try alone.quantized()
show("trained on labels") { byLabels.predict($0) }
var taught = aware
_ = try Distiller(teacher: teacher).fit(&taught, on: views, plan: training)
let byTeacher = try taught.quantized()
show("trained under the teacher") { byTeacher.predict($0) }
