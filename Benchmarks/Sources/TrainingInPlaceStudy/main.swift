// What training with rounding in place is worth, and what a teacher adds to it: the table of Quantize's documentation.
//
//     swift run -c release --package-path Benchmarks TrainingInPlaceStudy [SEEDS]
//
// Each seed on the embedded digits, all images augmented: ConvNet(16), 600 steps; ConvNet(4), 600 steps under it; then
// weights of 3 bits, repaired without training, or trained for 300 steps more by each of three: labels, the network
// itself in FP32, the larger one. Of the highest learning rates and temperatures each way of training takes what does
// best on the validation images of its seed. The test images are read once for each result.

import Foundation
import Retort

let digits = try Digits.embedded()
let normalization = Normalization.of(digits.train)
let views = TrainingData(labelled: digits.train, normalization: normalization, transform: AugmentationPolicy.digits)
let calibration = digits.train.subset(Array(0..<300)).batches(of: 100, normalization: normalization).map(\.inputs)

func plan(_ steps: Int, rate: Float, seed: UInt64) -> TrainingPlan {
    TrainingPlan(
        steps: steps, stepsPerEpoch: steps, learningRate: .warmUp(0.05, then: .cosine(from: rate, to: 0)), seed: seed)
}

/// In percent.
func accuracy(on images: ImageSet, _ predict: (Tensor) -> Tensor) -> Double {
    evaluate(on: images, normalization: normalization, predict: predict).accuracy * 100
}

func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let rates: [Float] = [0.003, 0.01, 0.03, 0.1]
let temperatures: [Float] = [1, 4]
var results: [(name: String, values: [Double])] = []
@MainActor func note(_ name: String, _ value: Double) {
    if let place = results.firstIndex(where: { $0.name == name }) {
        results[place].values.append(value)
    } else {
        results.append((name, [value]))
    }
}

for seed in 0..<(CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 5) {
    var teacher = ConvNet(width: 16, channels: 1, classes: 10, seed: seed)
    _ = try Trainer(plan(600, rate: 0.2, seed: seed), on: views).fit(&teacher)
    var student = ConvNet(width: 4, channels: 1, classes: 10, seed: seed + 100)
    _ = try Distiller(teacher: teacher).fit(&student, on: views, plan: plan(600, rate: 0.2, seed: seed + 200))
    note("larger network, FP32", accuracy(on: digits.test) { teacher.predict($0) })
    note("network, FP32", accuracy(on: digits.test) { student.predict($0) })
    let plain = try QuantizedModel(student, calibratedOn: calibration, repairs: [], weightBits: 3)
    note("rounded", accuracy(on: digits.test) { plain.predict($0) })
    let repaired = try QuantizedModel(student, calibratedOn: calibration, weightBits: 3)
    note("repaired", accuracy(on: digits.test) { repaired.predict($0) })

    let aware = try QuantizationAwareNetwork(student, calibratedOn: calibration, weightBits: 3)
    for (name, own) in [("labels", nil), ("itself in FP32", student), ("larger network", teacher)]
        as [(String, ConvNet?)]
    {
        var best: (choice: String, validation: Double, model: QuantizedModel)?
        for (rate, temperature) in rates.flatMap({ rate in (own == nil ? [1] : temperatures).map { (rate, $0) } }) {
            var network = aware
            let training = plan(300, rate: rate, seed: seed + 300)
            if let own {
                _ = try Distiller(teacher: own, temperature: .constant(temperature)).fit(
                    &network, on: views, plan: training)
            } else {
                _ = try Trainer(training, on: views).fit(&network)
            }
            let model = try network.quantized()
            let validation = accuracy(on: digits.validation) { model.predict($0) }
            let choice = "rate \(rate)" + (own == nil ? "" : ", T \(temperature)")
            say("seed \(seed): \(name): \(choice): validation \(validation) %")
            if validation > best?.validation ?? -1 { best = (choice, validation, model) }
        }
        guard let best else { continue }
        note("trained, \(name)", accuracy(on: digits.test) { best.model.predict($0) })
        say("seed \(seed): \(name): \(best.choice) taken")
    }
    for one in results {
        let mean = one.values.reduce(0, +) / Double(one.values.count)
        let squares = one.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / Double(max(one.values.count - 1, 1))).squareRoot()
        say("\(one.name): \(String(format: "%.2f ± %.2f", mean, deviation)) % \(one.values)")
    }
}
