// Augmentation: a policy is a value. It is composed, checked against a task, priced, compared with the data, judged by a
// network, and gives the same bits everywhere.
//
// Prints what an OCR task refuses and why, what each operation costs and moves, which operations a network cannot read, and
// ends with
//     same bits on 1 and 2 threads: true

import Foundation
import Retort

let digits = try Digits.embedded()

let policy = AugmentationPolicy {
    Affine(rotate: -30...30, scale: 0.8...1.2, translate: 0.2).probability(0.8)
    OneOf {
        BrightnessContrast(brightness: 0.2, contrast: 0.4)
        Gamma(0.6...1.6)
    }.probability(0.5)
    GaussianNoise(standardDeviation: 0.1).probability(0.25)
    HorizontalFlip().probability(0.5)
}

// Augmentation must fit the task. For text, a mirrored glyph is another glyph, or none.
for finding in policy.lint(for: .ocr) { print("for OCR: \(finding)") }
print("the preset for OCR has \(AugmentationPolicy.ocr.lint(for: .ocr).count) findings")

// One sample, four epochs: draws depend on seed, epoch and sample id alone.
let sample = digits.train.subset([3])
for epoch in 0..<4 {
    let view = AugmentationPolicy.digits.images(RawBatch(images: sample, seed: 1, epoch: epoch))
    print("epoch \(epoch):")
    for y in stride(from: 2, to: 26, by: 3) {
        let row = stride(from: 2, to: 26, by: 2).map { x -> Character in
            let pixel = view.pixels[y * 28 + x]
            return pixel > 170 ? "#" : pixel > 70 ? "+" : "."
        }
        print("  " + String(row))
    }
}

// What it costs here, and what gives way where there is less time.
let costs = OperationCosts.calibrated(channels: 1, for: policy, sides: [28, 56])
let cost = try policy.cost(imageSize: (28, 28), by: costs, channels: 1)
print("on this machine, one thread: \(cost)")
let fitted = try policy.fitting(budget: cost.microseconds * 0.7, imageSize: (28, 28), by: costs, channels: 1)
print("for 70 % of that:")
for change in fitted.changes { print("  \(change)") }

// How far views are from the data: statistics of pixels, without a network.
let validation = digits.validation.subset(Array(0..<500))
for (place, name, single) in policy.singleOperations {
    let drift = try single.check(on: validation, limits: DriftLimits(statistics: .infinity))
    print("\(place) \(name) moves: \(drift.statistics)")
}
do {
    try AugmentationPolicy { GaussianNoise(standardDeviation: 0.3) }.check(on: validation)
} catch { print("refused: \(error)") }

// A network as judge. It was trained on images as they are: what of a mirrored digit does it read?
let normalization = Normalization.of(digits.train)
var network = ConvNet(width: 8, channels: 1, classes: 10, seed: 1)
_ = try Trainer(TrainingPlan(steps: 100, seed: 1), on: TrainingData(labelled: digits.train)).fit(&network)
let judge = network
for (name, candidate) in [("this policy", policy), ("the preset for digits", .digits)] {
    let affinity = affinity(of: candidate, on: validation, normalization: normalization) { judge.predict($0) } ?? 0
    let deviation = try teacherDeviation(of: candidate, on: validation, normalization: normalization) {
        judge.predict($0)
    }
    print(String(format: "%@: affinity %.3f, T. stddev %.5f", name, affinity, deviation))
}
let gate = TeacherGate(policy) { judge.predict($0) }
let raw = RawBatch(images: digits.train.subset(Array(0..<256)), seed: 1, epoch: 0)
_ = gate(raw, normalization: normalization)
for line in gate.rejections() { print("  \(line)") }

// In training the policy is a transform from bytes to normalised inputs. Thread count and batch size change nothing.
let one = Parallel.withThreads(1) { policy(raw, normalization: normalization).inputs }
let two = Parallel.withThreads(2) { policy(raw, normalization: normalization).inputs }
print("same bits on 1 and 2 threads: \(one.isBitIdentical(to: two))")
