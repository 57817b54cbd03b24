import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// Layers that a quantised model keeps in single precision.
@Suite struct FloatLayerTests {
    static let images = QuantizedModelTests.colours
    static let network = QuantizedModelTests.patchwork

    @Test("With every layer kept, a network of dense layers is the float one on the input's bytes")
    func allKept() throws {
        let mlp = MLP(inputs: 64, hidden: [20, 9], classes: 5, seed: 2)
        let images = smoothImages(20, side: 8, seed: 7)
        let mixed = try QuantizedModel(mlp, calibratedOn: [images], floatLayers: ["dense"])
        let input = try #require(mixed.nodes[0].quantization)
        let expected = mlp.predict(images.quantized(input).dequantized(input))
        #expect(signalToNoise(mixed.predict(images), expected) > 100)
        // Nothing between the layers is rounded: only the input has bytes, and what has those of the input.
        #expect(mixed.nodes.filter { $0.quantization != nil }.map(\.operation) == ["input", "flatten"])
        let copy = try QuantizedModel.decode(mixed.file(metadata: [:])).model
        #expect(copy.predict(images).isBitIdentical(to: mixed.predict(images)))
    }

    @Test(
        "A kept layer takes its part of the noise away, be it a convolution with a residual, in groups or a normalisation"
    )
    func lessNoise() throws {
        let expected = Self.network.predict(Self.images)
        let plain = try QuantizedModel(Self.network, calibratedOn: [Self.images], repairs: [], weightBits: 4)
        let noise = signalToNoise(plain.predict(Self.images), expected)
        for layers: Set<String> in [
            ["dense"], ["dense", "wide", "stem", "pointwise"], ["convolution2D", "dense", "batchNorm"],
        ] {
            let mixed = try QuantizedModel(
                Self.network, calibratedOn: [Self.images], repairs: [], weightBits: 4, floatLayers: layers)
            #expect(signalToNoise(mixed.predict(Self.images), expected) > noise, "\(layers)")
        }
        let most = try QuantizedModel(
            Self.network, calibratedOn: [Self.images], weightBits: 4,
            floatLayers: ["convolution2D", "dense", "batchNorm"])
        #expect(signalToNoise(most.predict(Self.images), expected) > 30)
        let kept = most.nodes.filter(\.isFloat)
        #expect(Set(kept.compactMap(\.path)).isSuperset(of: ["stem", "depthwise", "wide", "hidden", "classifier"]))
        #expect(kept.allSatisfy { $0.weightScales == nil && $0.byteCount >= 4 * $0.parameters })
    }

    @Test("Repairs and searches go round kept layers", arguments: [Observer.minMax, .search])
    func repairs(observer: Observer) throws {
        let mixed = try QuantizedModel(
            Self.network, calibratedOn: [Self.images], observer: observer, floatLayers: ["pointwise", "hidden"])
        // Normalisations are folded into them, and nothing else is done to their weights.
        let folded = try NetworkGraph(tracing: Self.network, inputShape: [16, 16, 2]).foldingBatchNorm()
        for path in ["pointwise", "hidden"] {
            let step = try #require(mixed.network.program.nodes.first { $0.path == path })
            let node = try #require(folded.nodes.first { $0.layerPath == path })
            #expect(step.floatLayer?.weights.scalars == node.tensors.first?.scalars && step.layer == nil)
        }
        #expect(signalToNoise(mixed.predict(Self.images), Self.network.predict(Self.images)) > 20)
        let noise = try mixed.layerNoise(of: Self.network, on: Self.images)
        #expect(noise.count == mixed.nodes.count)
        // The beginning of a path stands for all below.
        let convNet = try QuantizedModel(
            QuantizedModelTests.convNet, calibratedOn: [QuantizedModelTests.digits], observer: observer,
            floatLayers: ["stage1"])
        #expect(
            convNet.nodes.filter(\.isFloat).map(\.path) == ["stage1.0.convolution", "stage1.1.convolution"])
    }

    @Test("A softmax before other layers has no form in int8: it is computed in float32 unasked, and told")
    func softmaxWithin() throws {
        struct Attentive: Module {
            var first: Dense
            var second: Dense
            func callAsFunction(_ input: Variable) -> Variable { second(first(input.flattened()).softmax()) }
            mutating func visitParameters(_ visitor: ParameterVisitor) {
                visitor("first", &first)
                visitor("second", &second)
            }
        }
        var random = Philox(seed: 3, operation: RandomPurpose.initialization)
        let network = Attentive(first: Dense(16, 6, using: &random), second: Dense(6, 3, using: &random))
        let images = smoothImages(20, side: 4, seed: 7)
        let mixed = try QuantizedModel(network, calibratedOn: [images])
        #expect(mixed.nodes.filter(\.isFloat).map(\.operation) == ["softmax"])
        #expect(mixed.nodes.compactMap(\.floatReason) == ["no INT8 kernel"])
        #expect(try mixed.layerNoise(of: network, on: images).compactMap(\.floatReason) == ["no INT8 kernel"])
        let asked = try QuantizedModel(network, calibratedOn: [images], floatLayers: ["softmax"])
        #expect(asked.predict(images).isBitIdentical(to: mixed.predict(images)))
        #expect(signalToNoise(mixed.predict(images), network.predict(images)) > 25)
        let copy = try QuantizedModel.decode(mixed.file(metadata: [:])).model
        #expect(copy.predict(images).isBitIdentical(to: mixed.predict(images)))
    }

    @Test("A kept normalisation that is the network's last step gives numbers")
    func normalizationLast() throws {
        struct Normalized: Module {
            var norm = BatchNorm(2)
            func callAsFunction(_ input: Variable) -> Variable { norm(input.globalAveragePooled()) }
            mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("norm", &norm) }
        }
        let network = withStatistics(Normalized(), seed: 3)
        let mixed = try QuantizedModel(network, calibratedOn: [Self.images], floatLayers: ["norm"])
        #expect(mixed.nodes.last?.quantization == nil && mixed.nodes.last?.isFloat == true)
        #expect(signalToNoise(mixed.predict(Self.images), network.predict(Self.images)) > 30)
    }

    @Test("A name that no layer has is refused with those there are; one that only rounding makes sense for too")
    func unknownNames() {
        for name in ["stem1", "relu", "maxPool2D", ""] {
            #expect {
                _ = try QuantizedModel(Self.network, calibratedOn: [Self.images], floatLayers: [name])
            } throws: { error in
                let text = "\(error)"
                return (error as? GraphError)?.operation == name && text.contains("classifier, convolution2D, dense")
            }
        }
    }

    @Test("A file gives back the same bits; a damaged one names the step; one of the first version is still read")
    func files() throws {
        let mixed = try QuantizedModel(Self.network, calibratedOn: [Self.images], floatLayers: ["wide", "classifier"])
        let file = mixed.file(metadata: ["a": "b"])
        let copy = try QuantizedModel.decode(SafetensorsFile(decoding: file.encoded(), file: "mixed"))
        #expect(copy.model.predict(Self.images).isBitIdentical(to: mixed.predict(Self.images)))
        #expect(copy.model.nodes == mixed.nodes && copy.metadata == ["a": "b"])

        let index = try #require(mixed.nodes.firstIndex { $0.path == "wide" })
        let weights = try #require(file.entries["\(index).weight"]?.shape)
        func failure(_ change: (inout SafetensorsFile) -> Void) -> String {
            var changed = file
            change(&changed)
            return QuantizedFileTests.failure(changed) ?? "taken"
        }
        #expect(failure { $0.entries["\(index).bias"] = nil }.contains("\(index).bias"))
        #expect(
            failure { $0.entries["\(index).bias"] = .init([Float](repeating: 0, count: 2)) }.contains("\(index).bias"))
        var broken = [Float](repeating: 0, count: weights.elementCount)
        broken[3] = .nan
        let message = failure { $0.entries["\(index).weight"] = .init(broken, shape: weights) }
        #expect(message.contains("node \(index): a weight that is NaN"), "\(message)")

        // What the first version wrote, which knew neither paths nor layers in single precision.
        let whole = try QuantizedModel(Self.network, calibratedOn: [Self.images])
        var first = whole.file(metadata: [:])
        let text = try #require(first.metadata[GraphRecord.key])
        first.metadata[GraphRecord.key] = nil
        first.metadata[GraphRecord.int8Key] = text.replacing(/"from":"[^"]*",?/, with: "").replacing(
            "\"version\":3", with: "\"version\":1"
        ).replacing("\"nodes\"", with: "\"steps\"").replacing("\"precision\":\"int8\",", with: "")
            .replacing(/"attributes":{},?/, with: "").replacing(/"attributes":{([^{}]*)}/) { $0.1 }
        let old = try QuantizedModel.decode(first).model
        #expect(old.predict(Self.images).isBitIdentical(to: whole.predict(Self.images)))
        #expect(old.nodes.allSatisfy { $0.path == nil })
    }

    @Test("Threads and batch sizes change no bit")
    func reproducible() throws {
        let mixed = try QuantizedModel(Self.network, calibratedOn: [Self.images], floatLayers: ["stem", "hidden"])
        let expected = Parallel.withThreads(1) { mixed.predict(Self.images) }
        #expect(Parallel.withThreads(2) { mixed.predict(Self.images) }.isBitIdentical(to: expected))
        for image in [0, 7, 23] {
            #expect(mixed.predict(Self.images[rows: image..<image + 1]) == expected[rows: image..<image + 1])
        }
    }

    @Test("The C export computes a kept layer in float32 too")
    func export() throws {
        for layers: Set<String> in [["hidden"], ["stem", "wide", "classifier", "batchNorm"]] {
            let mixed = try QuantizedModel(Self.network, calibratedOn: [Self.images], floatLayers: layers)
            // One byte that is a step off.
            try CFloatExportTests.check(mixed, Self.images, within: 0.01)
        }
    }

    @Test("Steps are summed up: products and bytes add up to the network's and the file's")
    func summaries() throws {
        let convNet = QuantizedModelTests.convNet
        let model = try QuantizedModel(convNet, calibratedOn: [QuantizedModelTests.digits])
        let graph = try NetworkGraph(tracing: convNet, inputShape: [14, 14, 1])
        #expect(model.nodes.reduce(0) { $0 + $1.multiplyAdds } == graph.multiplyAdds)
        let arrays = model.file(metadata: [:]).entries.values.reduce(0) { sum, entry in
            sum + entry.shape.elementCount * (entry.dataType == .float32 || entry.dataType == .int32 ? 4 : 1)
        }
        #expect(model.nodes.reduce(0) { $0 + $1.byteCount } == arrays)
        #expect(
            model.nodes.compactMap(\.path) == [
                "stage1.0.convolution", "stage1.1.convolution", "stage2.0.convolution", "stage2.1.convolution",
                "classifier",
            ])
        let scales = try #require(model.nodes[1].weightScales)
        let weights = try #require(graph.foldingBatchNorm().nodes[1].tensors.first)
        let greatest = weights.scalars.map { abs($0) }.max() ?? 0
        #expect(abs(scales.upperBound * 127 - greatest) < 1e-6 * greatest)
    }
}
