// Deployment: prune, let the teacher repair it, fold, quantise to INT8, save, read, run.
//
// Ends with a line like
//     INT8: 95.2 %, 26 % of the FP32 file

import Foundation
import Retort

let digits = try Digits.embedded()
let normalization = Normalization.of(digits.train)
func percent(_ report: ClassReport) -> String { String(format: "%.1f %%", report.accuracy * 100) }
func accuracy(_ network: some Module) -> String {
    percent(network.evaluated(on: digits.test, normalization: normalization))
}

var network = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
let data = TrainingData(labelled: digits.train, normalization: normalization, transform: AugmentationPolicy.digits)
_ = try Trainer(TrainingPlan(steps: 250, seed: 1), on: data).fit(&network)
print("dense: \(accuracy(network))")

// Half of the weights, the smallest, become zero. The dense network teaches the pruned one what it lost.
let teacher = network
let mask = PruningMask(sparsity: 0.5, of: network)
mask.apply(to: &network)
print("pruned by half: \(accuracy(network))")
let repair = TrainingPlan(steps: 80, learningRate: .cosine(from: 0.02, to: 0), seed: 2)
_ = try Distiller(teacher: teacher).fit(
    &network, on: data, plan: repair, afterStep: { network, _ in mask.apply(to: &network) })
print("repaired under the teacher: \(accuracy(network)), zeros: \(Int(mask.sparsity * 100)) %")

// Calibration needs some hundred images, no labels.
let calibration = digits.train.subset(Array(0..<300)).batches(of: 100, normalization: normalization).map(\.inputs)
let int8 = try QuantizedModel(network, calibratedOn: calibration)

let folder = FileManager.default.temporaryDirectory
let (small, big) = (
    folder.appendingPathComponent("retort-example-05-int8.safetensors"),
    folder.appendingPathComponent("retort-example-05.safetensors")
)
defer { for url in [small, big] { try? FileManager.default.removeItem(at: url) } }
try int8.write(to: small)
try SafetensorsFile(tensors: network.tensors.map { ($0.key, $0.value) }).write(to: big)
func size(_ url: URL) throws -> Int { try Data(contentsOf: url).count }

let reread = try QuantizedModel.read(small).model
let report = evaluate(on: digits.test, normalization: normalization) { reread.predict($0) }
let share = Double(try size(small)) / Double(try size(big)) * 100
print("INT8: \(percent(report)), \(Int(share.rounded())) % of the FP32 file")
