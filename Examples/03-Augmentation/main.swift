// Augmentation: a policy is a value. It is composed, checked against a task, applied, and gives the same bits everywhere.
//
// Prints what an OCR task refuses and why, and ends with
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

// In training the policy is a transform from bytes to normalised inputs. Thread count and batch size change nothing.
let raw = RawBatch(images: digits.train.subset(Array(0..<256)), seed: 1, epoch: 0)
let normalization = Normalization.of(digits.train)
let one = Parallel.withThreads(1) { policy(raw, normalization: normalization).inputs }
let two = Parallel.withThreads(2) { policy(raw, normalization: normalization).inputs }
print("same bits on 1 and 2 threads: \(one.isBitIdentical(to: two))")
