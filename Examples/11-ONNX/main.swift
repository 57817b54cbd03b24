// A teacher from an ONNX file, a small student out of it: distilled on augmented images, in INT8, as ONNX and as C.
//
// 11-ONNX FILE.onnx takes a classifier of 28×28 grey images into ten classes; without a file a network is trained and
// written first, as another program would have done. Prints what the file holds and the test accuracy of each:
//     teacher.onnx: float32 of [N, 1, 28, 28], 10 outputs, 16794 parameters
//     teacher                      96.0 %
//     student on 100 labels        74.0 %
//     student of the teacher       94.5 %
//     student in INT8              94.5 %
//     student-int8.onnx            94.5 %
//     student.c                   4728 bytes of constants

import Foundation
import ONNX
import Retort

let digits = try Digits.embedded()
let normalization = Normalization.of(digits.train)
func plan(_ steps: Int, seed: UInt64) -> TrainingPlan {
    TrainingPlan(
        steps: steps, stepsPerEpoch: steps, learningRate: .warmUp(0.05, then: .cosine(from: 0.2, to: 0)), seed: seed)
}
func show(_ name: String, _ predict: (Tensor) -> Tensor) {
    let accuracy = evaluate(on: digits.test, normalization: normalization, predict: predict).accuracy * 100
    print(name.padding(toLength: 28, withPad: " ", startingAt: 0) + String(format: "%5.1f %%", accuracy))
}

let folder = FileManager.default.temporaryDirectory.appending(
    path: "retort-onnx-\(ProcessInfo.processInfo.processIdentifier)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }

var file = folder.appending(path: "teacher.onnx")
if let given = CommandLine.arguments.dropFirst().first {
    file = URL(filePath: given)
} else {
    var network = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
    let all = TrainingData(labelled: digits.train, normalization: normalization)
    _ = try Trainer(plan(250, seed: 1), on: all).fit(&network)
    try ONNXExport(NetworkGraph(tracing: network, inputShape: [28, 28, 1])).write(to: file)
}

// In: the graph is a module, so it teaches as any network does.
let model = try ONNXModel(contentsOf: file)
let teacher = try TracedNetwork(model.graph())
print(
    "\(file.lastPathComponent): \(model.inputs[0]), \(teacher.outputShape[0]) outputs, \(teacher.parameterCount) parameters"
)
show("teacher") { teacher.predict($0) }

let split = try digits.train.split(labelled: 100, seed: 1)
func student() -> ConvNet { ConvNet(width: 8, channels: 1, classes: 10, seed: 7) }
var alone = student()
let few = TrainingData(labelled: split.labelled, normalization: normalization)
_ = try Trainer(plan(250, seed: 2), on: few).fit(&alone)
show("student on 100 labels") { alone.predict($0) }

var small = student()
let views = TrainingData(
    labelled: split.labelled, unlabelled: split.unlabelled, normalization: normalization,
    transform: AugmentationPolicy.digits)
_ = try Distiller(teacher: teacher).fit(&small, on: views, plan: plan(400, seed: 2))
show("student of the teacher") { small.predict($0) }

let calibration = split.unlabelled.subset(Array(0..<300)).batches(of: 100, normalization: normalization).map(\.inputs)
let int8 = try QuantizedModel(small, calibratedOn: calibration)
show("student in INT8") { int8.predict($0) }

// Out: for other runtimes, and for a device without any.
let description = ModelFile.Description(
    architecture: "convnet-8", normalization: normalization, classNames: digits.train.classNames)
let stored = folder.appending(path: "student-int8.onnx")
try ModelFile(int8, description: description).onnx().write(to: stored)
let again = try ONNXModel(contentsOf: stored)
let inference = try InferencePlan(again.graph().foldingBatchNorm().fusingActivations())
show("student-int8.onnx") { inference($0) }
let code = try CExport(int8, name: "student")
print("student.c".padding(toLength: 28, withPad: " ", startingAt: 0) + "\(code.constantBytes) bytes of constants")
