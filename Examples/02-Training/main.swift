// Training: a small network on a thousand real digits, saved and read back.
//
// Ends with a line like
//     test accuracy 94.8 %, the same after saving and reading: true

import Foundation
import Retort

let digits = try Digits.embedded()
let thousand = try digits.train.split(labelled: 1000, seed: 1).labelled

var network = ConvNet(width: 8, channels: 1, classes: 10, seed: 1)
print("\(network.parameterCount) parameters, \(thousand.count) images")

// A plan says how long and how; the data say on what. An epoch is a number of steps.
let plan = TrainingPlan(steps: 300, stepsPerEpoch: 60, batchSize: 64, seed: 1)
let data = TrainingData(labelled: thousand, validation: digits.validation)
let history = try Trainer(plan, on: data).fit(&network)
for epoch in history.epochs {
    let validation = epoch.validation?.accuracy ?? 0
    print(String(format: "epoch %d  loss %.3f  validation %.1f %%", epoch.number + 1, epoch.loss, validation * 100))
}

let report = network.evaluated(on: digits.test, normalization: data.normalization)

// A model file holds the network as a graph, its normalisation and its classes: nothing else is needed to use it.
let url = FileManager.default.temporaryDirectory.appendingPathComponent("retort-example-02.safetensors")
defer { try? FileManager.default.removeItem(at: url) }
let description = ModelFile.Description(
    architecture: "convnet-8", normalization: data.normalization, classNames: Digits.classNames)
try ModelFile(network, inputShape: [28, 28, 1], description: description).write(to: url)
let again = try ModelFile.read(url)
let reread = evaluate(on: digits.test, normalization: again.description.normalization) { again.predict($0) }
print(
    String(format: "test accuracy %.1f %%, the same after saving and reading: ", report.accuracy * 100)
        + "\(reread == report)")
