import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

@Suite struct QuantizedModelTests {
    static let convNet = withStatistics(ConvNet(width: 16, channels: 1, classes: 10, seed: 3), seed: 4)
    static let digits = smoothImages(24, side: 14, seed: 5)
    static let patchwork = withStatistics(Patchwork(seed: 1), seed: 2)
    static let colours = smoothImages(24, side: 16, channels: 2, seed: 6)

    @Test(
        "A quantised network says what the float network says (would catch wrong zero points, scales, padding, residuals)",
        arguments: [
            Observer.minMax, .movingAverage(share: 0.1), .percentile(99.99), .meanSquaredError, .entropy, .search,
        ])
    func agrees(observer: Observer) throws {
        let int8 = try QuantizedModel(Self.convNet, calibratedOn: [Self.digits], observer: observer)
        let expected = Self.convNet.predict(Self.digits)
        let found = int8.predict(Self.digits)
        // Entropy looks at frequencies, and cuts deeper than is good for numbers.
        let least: Float = observer == .entropy ? 20 : 25
        #expect(signalToNoise(found, expected) > least)
        #expect(agreement(found, expected) >= 0.9)

        let resNet = withStatistics(ResNet(depth: 8, channels: 3, classes: 10, seed: 3), seed: 4)
        let images = smoothImages(12, side: 12, channels: 3, seed: 6)
        let quantized = try QuantizedModel(resNet, calibratedOn: [images], observer: observer)
        #expect(signalToNoise(quantized.predict(images), resNet.predict(images)) > least)
    }

    @Test("A network that is none of ours quantises too: depthwise, groups, dilation, products, concatenation, tables")
    func anyNetwork() throws {
        let int8 = try QuantizedModel(Self.patchwork, calibratedOn: [Self.colours], observer: .minMax)
        #expect(signalToNoise(int8.predict(Self.colours), Self.patchwork.predict(Self.colours)) > 20)
        let mlp = MLP(inputs: 64, hidden: [20, 9], classes: 5, seed: 2)
        let images = smoothImages(20, side: 8, seed: 7)
        let quantized = try QuantizedModel(mlp, calibratedOn: [images], observer: .minMax)
        #expect(signalToNoise(quantized.predict(images), mlp.predict(images)) > 25)
    }

    @Test("Probabilities at the end are computed from the logits, which stay numbers")
    func softmax() throws {
        struct Classifier: Module {
            var network: MLP
            func callAsFunction(_ input: Variable) -> Variable { network(input).softmax() }
            mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("network", &network) }
        }
        let mlp = MLP(inputs: 16, hidden: [8], classes: 3, seed: 2)
        let images = smoothImages(5, side: 4, seed: 7)
        let logits = try QuantizedModel(mlp, calibratedOn: [images]).predict(images)
        let probabilities = try QuantizedModel(Classifier(network: mlp), calibratedOn: [images]).predict(images)
        #expect(probabilities == TensorCore.softmax(logits))
    }

    @Test("Threads, batch sizes and the number of calibration batches change no bit")
    func reproducible() throws {
        let batches = [Self.digits[rows: 0..<5], Self.digits[rows: 5..<24]]
        let one = try Parallel.withThreads(1) { try QuantizedModel(Self.convNet, calibratedOn: [Self.digits]) }
        let two = try Parallel.withThreads(2) { try QuantizedModel(Self.convNet, calibratedOn: [Self.digits]) }
        let expected = Parallel.withThreads(1) { one.predict(Self.digits) }
        #expect(Parallel.withThreads(2) { two.predict(Self.digits) }.isBitIdentical(to: expected))
        for image in [0, 7, 23] {
            #expect(one.predict(Self.digits[rows: image..<image + 1]) == expected[rows: image..<image + 1])
        }
        // A sequence that can be walked once is enough.
        var next = 0
        let once = AnySequence(
            AnyIterator {
                defer { next += 1 }
                return next < batches.count ? batches[next] : nil
            })
        #expect(signalToNoise(try QuantizedModel(Self.convNet, calibratedOn: once).predict(Self.digits), expected) > 40)
        #expect(next >= 2)
    }

    @Test("Written and read, a model predicts the same bits, and takes at most 27 % of the float model's file")
    func file() throws {
        let int8 = try QuantizedModel(Self.convNet, calibratedOn: [Self.digits])
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "int8.safetensors")
            let metadata = ["classes": "0 1 2 3 4 5 6 7 8 9", "mean": "0.1307", "deviation": "0.3081"]
            try int8.write(to: url, metadata: metadata)
            let (model, found) = try QuantizedModel.read(url)
            #expect(found == metadata)
            #expect(model.predict(Self.digits).isBitIdentical(to: int8.predict(Self.digits)))
            let size = try Data(contentsOf: url).count
            let tensors = Self.convNet.parameters.map { (name: $0.path, value: $0.parameter.value) }
            #expect(Double(size) <= 0.27 * Double(SafetensorsFile(tensors: tensors).encoded().count))
            #expect(int8.byteCount < size)

            let patchwork = try QuantizedModel(Self.patchwork, calibratedOn: [Self.colours])
            try patchwork.write(to: url)
            let again = try QuantizedModel.read(url).model
            #expect(again.predict(Self.colours).isBitIdentical(to: patchwork.predict(Self.colours)))
        }
    }

    @Test("A channel that died in training, with a bias and no weights to speak of, keeps its bias")
    func deadChannel() throws {
        var model = MLP(inputs: 16, hidden: [4], classes: 3, seed: 2)
        var weights = model.layers[1].weight.value
        for row in 0..<4 {
            weights[row, 1] *= 1e-20
            weights[row, 2] = 0
        }
        model.layers[1].weight.value = weights
        model.layers[1].bias.value = Tensor([0.5, -0.75, 3])
        let images = smoothImages(6, side: 4, seed: 7)
        let logits = try QuantizedModel(model, calibratedOn: [images]).predict(images)
        for row in 0..<6 {
            #expect(abs(logits[row, 1] + 0.75) < 1e-6 && abs(logits[row, 2] - 3) < 1e-6)
        }
    }

    static func failure(_ images: [Tensor], _ body: @escaping @Sendable (Variable) -> Variable) -> String {
        do {
            _ = try QuantizedModel(ClosureModule(body), calibratedOn: images)
            return "none"
        } catch { return "\(error)" }
    }

    @Test("Weights computed of what a network stores are quantised as if it stored them, and not trained rounded")
    func computedWeights() throws {
        let images = smoothImages(6, side: 4, channels: 2, seed: 7)
        let computed = ClosureModule { $0.flattened().multiplied(byMatrix: $0.tape.constant(.ones([32, 3])) * 0.5) }
        let stored = ClosureModule { $0.flattened().multiplied(byMatrix: $0.tape.constant(.ones([32, 3]) * 0.5)) }
        let (own, other) = try (
            QuantizedModel(computed, calibratedOn: [images]), QuantizedModel(stored, calibratedOn: [images])
        )
        #expect(own.nodes.map(\.operation) == other.nodes.map(\.operation))
        #expect(own.predict(images).isBitIdentical(to: other.predict(images)))
        #expect {
            _ = try QuantizationAwareNetwork(computed, calibratedOn: [images])
        } throws: {
            "\($0)".contains("its weights are computed by the network")
        }
    }

    @Test("What cannot be quantised is refused by name")
    func refusals() throws {
        let images = [Tensor.ones([2, 4, 4, 2])]
        #expect(Self.failure(images) { $0.relu() } == "none")
        #expect(Self.failure(images) { $0.permutingChannels([1, 0]) }.hasPrefix("permutingChannels: "))
        // What has no form in int8 is computed in float32.
        #expect(Self.failure(images) { $0.flattened() + $0.tape.constant(.ones([1, 32])) } == "none")
        #expect(Self.failure(images) { $0.flattened().softmax() * 2 } == "none")
        #expect(Self.failure([]) { $0.relu() }.hasPrefix("calibration: "))
        #expect(Self.failure([Tensor.zeros([0, 4, 4, 2])]) { $0.relu() }.hasPrefix("calibration: "))
        #expect(
            Self.failure([Tensor(repeating: .nan, shape: [1, 4, 4, 2])]) { $0.relu() }.hasPrefix("input: gave NaN"))
        #expect(
            Self.failure([Tensor(repeating: 2e38, shape: [1, 4, 4, 2])]) { ($0 + $0).relu() }.hasPrefix("add: gave NaN")
        )
    }
}
