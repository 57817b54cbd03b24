import Foundation
import Testing

@testable import Retort

/// One run of a few steps, and the fingerprint of all it gives.
struct ShortRun: Sendable, CustomTestStringConvertible {
    let name: String
    let run: @Sendable (inout Fingerprint) throws -> Void

    var testDescription: String { name }

    func fingerprint() throws -> String { try Fingerprint.of(run) }

    static let all = [
        ShortRun(name: "train convnet") { try trained(ConvNet(width: 8, channels: 1, classes: 10, seed: 3), &$0) },
        ShortRun(name: "train resnet") { try trained(ResNet(depth: 8, channels: 1, classes: 10, seed: 3), &$0) },
        ShortRun(name: "train mlp") {
            try trained(MLP(inputs: 784, hidden: [32, 16], classes: 10, seed: 3), rate: 0.05, &$0)
        },
        ShortRun(name: "distil with hints") { try distilled(.hinton, &$0) },
        ShortRun(name: "distil decoupled") { try distilled(.decoupled(target: 1, nonTarget: 4), &$0) },
        ShortRun(name: "train with rounding") { try trainedWithRounding(&$0) },
        ShortRun(name: "read convnet") { try readFloat("convnet", &$0) },
        ShortRun(name: "read mlp") { try readFloat("mlp", &$0) },
        ShortRun(name: "read resnet-pruned") { try readFloat("resnet-pruned", &$0) },
        ShortRun(name: "read convnet-int8") { try readInt8("convnet-int8", &$0) },
        ShortRun(name: "read resnet-int8") { try readInt8("resnet-int8", &$0) },
    ]

    /// A few products and convolutions of numbers that every order of summing rounds in its own way.
    static func rounding() -> String {
        Fingerprint.of { fingerprint in
            var random = Philox(seed: 11)
            for (m, k, n) in [(3, 5, 7), (64, 784, 32), (100, 144, 32), (17, 300, 129)] {
                let a = Tensor(uniform: [m, k], in: -1...1, using: &random)
                let b = Tensor(uniform: [k, n], in: -1...1, using: &random)
                fingerprint.add(matmul(a, b))
                fingerprint.add(matmul(b, a, transposeA: true, transposeB: true))
            }
            for (side, inputs, outputs, kernel) in [(28, 1, 8, 3), (14, 16, 32, 3), (7, 64, 64, 1)] {
                let x = Tensor(uniform: [2, side, side, inputs], in: -1...1, using: &random)
                let w = Tensor(uniform: [kernel, kernel, inputs, outputs], in: -1...1, using: &random)
                let geometry = Conv2DGeometry(
                    input: (side, side, inputs), kernel: (kernel, kernel), outputChannels: outputs,
                    padding: (kernel / 2, kernel / 2))
                let y = convolution2D(x, w, bias: nil, geometry)
                fingerprint.add(y)
                fingerprint.add(convolution2DGradientToWeights(x, y, geometry))
                fingerprint.add(convolution2DGradientToInput(y, w, geometry))
            }
            fingerprint.add(softmax(Tensor(uniform: [32, 10], in: -4...4, using: &random)))
        }
    }

    private static func plan(rate: Float = 0.1) -> TrainingPlan {
        TrainingPlan(
            steps: 12, stepsPerEpoch: 6, batchSize: 32, learningRate: .warmUp(0.2, then: .cosine(from: rate, to: 0)),
            seed: 5)
    }

    private static func data() throws -> (TrainingData, calibration: [Tensor]) {
        let digits = try Digits.embedded()
        let normalization = Normalization.of(digits.train)
        let split = try digits.train.split(labelled: 100, seed: 1)
        let few = digits.validation.subset(Array(0..<100))
        let calibration = digits.train.subset(Array(0..<96)).batches(of: 48, normalization: normalization)
        return (
            TrainingData(
                labelled: split.labelled, unlabelled: split.unlabelled, validation: few, normalization: normalization,
                transform: AugmentationPolicy.digits), calibration.map(\.inputs)
        )
    }

    private static func trained(
        _ network: some Module, rate: Float = 0.1, _ fingerprint: inout Fingerprint
    ) throws {
        let (data, calibration) = try data()
        var network = network
        _ = try Trainer(plan(rate: rate), on: data).fit(&network)
        fingerprint.add(network.tensors)
        let graph = try NetworkGraph(tracing: network, inputShape: [28, 28, 1]).foldingBatchNorm().fusingActivations()
        fingerprint.add(try InferencePlan(graph)(calibration[0]))
        for repairs in [WeightRepairs.standard, []] {
            fingerprint.add(
                try QuantizedModel(network, calibratedOn: calibration, repairs: repairs).predict(calibration[1]))
        }
    }

    private static func distilled(_ loss: ResponseLoss, _ fingerprint: inout Fingerprint) throws {
        let (data, _) = try data()
        let teacher = ResNet(depth: 8, channels: 1, classes: 10, seed: 7)
        var student = ConvNet(width: 8, channels: 1, classes: 10, seed: 3)
        let distiller = Distiller(
            teacher: teacher, loss: loss, temperature: .linear(from: 3, to: 1), hardLabelWeight: .constant(0.3),
            hints: [Hint("stage1", loss: .attention), Hint("stage2", weight: 0.5)])
        _ = try distiller.fit(&student, on: data, plan: plan())
        fingerprint.add(student.tensors)
    }

    private static func trainedWithRounding(_ fingerprint: inout Fingerprint) throws {
        let (data, calibration) = try data()
        var network = ConvNet(width: 8, channels: 1, classes: 10, seed: 3)
        _ = try Trainer(plan(), on: data).fit(&network)
        var aware = try QuantizationAwareNetwork(network, calibratedOn: calibration)
        _ = try Trainer(plan(rate: 0.02), on: data).fit(&aware)
        fingerprint.add(aware.tensors)
        fingerprint.add(try aware.quantized().predict(calibration[0]))
    }

    /// The outputs of a file that the commit before this test wrote.
    private static func readFloat(_ name: String, _ fingerprint: inout Fingerprint) throws {
        let file = try ModelFile.read(goldenFolder.appending(path: "\(name).safetensors"))
        fingerprint.add(file.predict(try images(file.description.normalization)))
        file.description.classNames.forEach { fingerprint.add($0) }
    }

    private static func readInt8(_ name: String, _ fingerprint: inout Fingerprint) throws {
        let (model, _) = try QuantizedModel.read(goldenFolder.appending(path: "\(name).safetensors"))
        fingerprint.add(model.predict(try images(Normalization.of(try Digits.embedded().train))))
    }

    private static func images(_ normalization: Normalization) throws -> Tensor {
        let digits = try Digits.embedded()
        return digits.test.subset(Array(0..<40)).batches(of: 40, normalization: normalization).map(\.inputs)[0]
    }
}
