import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

// Golden values that PyTorch computed in double precision; Golden/make_golden.py writes them and says what they are.
@Suite struct GoldenTests {
    private func golden(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile.read(
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).safetensors"))
    }

    /// Off by at most 10⁻⁴ of the largest magnitude: single precision against double over eight layers.
    private func expectClose(_ what: String, _ found: Tensor, _ golden: Tensor) {
        let expected = DoubleArray(golden)
        let distance = found.distance(to: expected)
        #expect(distance <= 1e-4 * max(expected.magnitude, 0.01), "\(what): off by \(distance)")
    }

    private func check(_ name: String, _ start: some Module) throws {
        var model = start
        let file = try golden("\(name)-model")
        try model.load(
            Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.path, try file.tensor($0.path)) }), from: name)
        let batch = try file.tensor("batch")
        let labels = try file.elements("labels", as: Int64.self).map { Int($0) }
        expectClose("logits in use", model.predict(batch), try file.tensor("logits.evaluation"))

        let goldenGradients = try golden("\(name)-gradients")
        let goldenAfter = try golden("\(name)-after")
        let trainable = model.parameters.filter(\.parameter.isTrainable).map(\.path)
        #expect(Set(goldenGradients.entries.keys) == Set(trainable))
        #expect(Set(goldenAfter.entries.keys) == Set(model.parameters.map(\.path)))

        var velocities = Dictionary(
            uniqueKeysWithValues: model.parameters.map { ($0.path, Tensor.zeros($0.parameter.value.shape)) })
        for step in 0..<3 {
            var logits: Tensor?
            let (loss, gradients) = valueAndGradients(of: &model) { model, tape in
                let output = model(tape.constant(batch))
                logits = output.value
                return output.softmaxCrossEntropy(labels: labels)
            }
            if step == 0 {
                expectClose("logits", try #require(logits), try file.tensor("logits"))
                expectClose("loss", Tensor(loss), try file.tensor("loss"))
                for (path, parameter) in model.parameters where parameter.isTrainable {
                    expectClose(
                        "gradient of \(path)", try #require(gradients[parameter.slot]),
                        try goldenGradients.tensor(path))
                }
            }
            model.forEachParameter { path, parameter in
                guard let gradient = gradients[parameter.slot], var velocity = velocities[path] else { return }
                parameter.value.stepSGD(
                    along: gradient, velocity: &velocity, rate: 0.1, momentum: 0.9,
                    decay: parameter.role == .weight ? 5e-4 : 0, nesterov: true)
                velocities[path] = velocity
            }
        }
        for (path, parameter) in model.parameters {
            expectClose("\(path) after three steps", parameter.value, try goldenAfter.tensor(path))
        }
    }

    @Test("ConvNet: logits, loss, every gradient, and weights and running statistics after three steps of SGD")
    func convNet() throws { try check("convnet4", ConvNet(width: 4, channels: 3, classes: 10, seed: 1)) }

    @Test("ResNet-8: logits, loss, every gradient, and weights and running statistics after three steps of SGD")
    func resNet() throws { try check("resnet8", ResNet(depth: 8, channels: 3, classes: 10, seed: 1)) }
}
