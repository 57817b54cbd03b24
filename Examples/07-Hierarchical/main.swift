// Hierarchical distillation: feature maps of two stages are matched beside the outputs, through 1×1 adapters that are
// dropped at the end, and masked and shuffled on both sides before they are compared.
//
// Prints lines like these; differences within a point are the noise of a run as short as this.
//     outputs                     92.8 %
//     outputs and hints           93.0 %
//     outputs and perturbed hints 93.0 %
//     attention and relations     93.6 %
// The last compares where maps are active, and how the images lie to one another, and needs no adapters.

import Foundation
import Retort

let digits = try Digits.embedded()
let few = try digits.train.split(labelled: 100, seed: 1).labelled
let normalization = Normalization.of(digits.train)

var teacher = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
let everything = TrainingData(
    labelled: digits.train, normalization: normalization, transform: AugmentationPolicy.digits)
_ = try Trainer(TrainingPlan(steps: 250, stepsPerEpoch: 250, seed: 1), on: everything).fit(&teacher)

let data = TrainingData(labelled: few, normalization: normalization, transform: AugmentationPolicy.digits)
let perturbation = FeaturePolicy(mask: RandomMask(share: 0.3, blockSize: 2), shuffle: ChannelShuffle(groups: 4))

func run(_ name: String, _ distiller: Distiller) throws {
    var student = ConvNet(width: 8, channels: 1, classes: 10, seed: 7)
    _ = try distiller.fit(&student, on: data, plan: TrainingPlan(steps: 300, stepsPerEpoch: 300, seed: 1))
    let test = student.evaluated(on: digits.test, normalization: normalization)
    print(name.padding(toLength: 28, withPad: " ", startingAt: 0) + String(format: "%.1f %%", test.accuracy * 100))
}

var distiller = Distiller(teacher: teacher)
try run("outputs", distiller)
distiller.hints = [Hint("stage1", weight: 0.5), Hint("stage2", weight: 0.5)]
try run("outputs and hints", distiller)
distiller.perturbing = { shape, random in perturbation.draw(shape: shape, using: &random) }
try run("outputs and perturbed hints", distiller)
distiller.perturbing = nil
distiller.hints = [Hint("stage1", loss: .attention), Hint("stage2", weight: 0.02, loss: .relational())]
try run("attention and relations", distiller)
