import Foundation
import Retort

// What a user's package can add to Retort, from training to C: an activation, an augmentation, a term, an optimiser, a network.
let digits = try Digits.embedded()
let folder = FileManager.default.temporaryDirectory.appending(path: "retort-dependent-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }

let policy = AugmentationPolicy { Lean(slope: 0.2) }
let data = TrainingData(labelled: digits.train, normalization: .of(digits.train), transform: policy)
var teacher = ConvNet(width: 8, channels: 1, classes: 10, seed: 1)
_ = try Trainer(TrainingPlan(steps: 100), on: data).fit(&teacher)
var distiller = Distiller(teacher: teacher)
distiller.terms = [ProbabilityDistance()]
var plan = TrainingPlan(
    steps: 400, optimizer: .init(Lion()), learningRate: .warmUp(0.05, then: .cosine(from: 0.003, to: 0)))
var student = Net(seed: 2)
_ = try distiller.fit(&student, on: data, plan: plan)

// Saved, and read back by a program that knows the activation but not the network's type.
let url = folder.appending(path: "net.safetensors")
let description = ModelFile.Description(
    architecture: "net", normalization: data.normalization, classNames: Digits.classNames)
try ModelFile(student, inputShape: [28, 28, 1], description: description).write(to: url)
do {
    _ = try ModelFile.read(url)
    fatalError("an operation that nobody registered was read")
} catch { print(error) }
let file = try ModelFile.read(url, operations: .standard.adding(QuickGELU.self))
guard let network = file.module as? TracedNetwork else { fatalError("not the network that was written") }

// Half of its filters go, and the teacher repairs the rest.
let images = digits.train.subset(Array(0..<300)).batches(of: 300, normalization: file.description.normalization)
let inputs = images.map(\.inputs)
var small = try network.pruned(to: .multiplyAdds(0.5), inputShape: [28, 28, 1], compensatingOn: inputs[0])
plan.steps = 100
_ = try distiller.fit(&small, on: data, plan: plan)
let int8 = try QuantizedModel(small, calibratedOn: inputs)
let accuracies = [student.predict, small.predict, int8.predict].map { predict in
    evaluate(on: digits.test, normalization: data.normalization, predict: predict).accuracy
}
print("distilled, pruned, int8:", accuracies)

// As C: the same outputs to the last bit.
let export = try CExport(int8, name: "net")
let program = """
    #include <stdio.h>
    #include "net.h"
    int main(void) {
        static float x[net_inputs], y[net_outputs];
        while (fread(x, sizeof x, 1, stdin) == 1) { net_run(x, y); fwrite(y, sizeof y, 1, stdout); }
    }
    """
for (name, text) in [("net.h", export.header), ("net.c", export.source), ("main.c", program)] {
    try Data(text.utf8).write(to: folder.appending(path: name))
}
let test = inputs[0][rows: 0..<20]
try test.withSpan { span in Data(span.indices.flatMap { index in withUnsafeBytes(of: span[index], Array.init) }) }
    .write(to: folder.appending(path: "in"))
let shell = Process()
shell.executableURL = URL(filePath: "/bin/sh")
shell.arguments = ["-c", "cd '\(folder.path)' && cc -std=c11 -O2 main.c net.c -o net && ./net < in > out"]
try shell.run()
shell.waitUntilExit()
let expected = int8.predict(test).scalars.flatMap { value in withUnsafeBytes(of: value, Array.init) }
guard try [UInt8](Data(contentsOf: folder.appending(path: "out"))) == expected else {
    fatalError("C gives other bytes")
}
guard accuracies.allSatisfy({ $0 > 0.25 }) else { fatalError("a dependent package learns nothing: \(accuracies)") }
print("C gives the engine's bytes")
