import Autograd
import Layers
import TensorCore
import TestSupport
import Testing

/// Networks by their papers, beside torchvision and timm: what another program computes with the same weights.
@Suite struct NetworkGoldenTests {
    /// Checks names, shapes and order, logits in use and in training, gradients, and the statistics after that pass.
    private func check<M: Module>(_ name: String, _ fresh: M) throws {
        let golden = try NetworkGolden(name)
        var network = fresh
        #expect(try network.loadPublished(golden.file).isEmpty)
        let evaluation = network.predict(golden.batch)
        #expect(relativeDistance(evaluation.scalars.map(Double.init), golden.evaluation) < 1e-4)

        var logits: Tensor?
        let (_, gradients) = valueAndGradients(of: &network) { network, tape in
            let output = network(tape.constant(golden.batch))
            logits = output.value
            return (output * tape.constant(golden.factors)).sum()
        }
        let training = try #require(logits).scalars.map(Double.init)
        let tolerance = 1e-4
        // Sums are conditioned well enough for that: PyTorch's own single precision keeps it too.
        #expect(golden.single < tolerance)
        #expect(relativeDistance(training, golden.training) < tolerance)
        let own = network.parameters
        #expect(own.count == golden.tensors.count)
        let isLearnt = Dictionary(
            uniqueKeysWithValues: zip(golden.tensors.map(\.name), own.map(\.parameter.isTrainable)))
        // A shift that a normalisation takes out again has a gradient of 0: gradients are measured beside the largest
        // element, and norms beside the largest norm, of their layer.
        let layers = Dictionary(grouping: golden.tensors.filter { isLearnt[$0.name] == true }, by: \.layer)
        for ((path, parameter), entry) in zip(own, golden.tensors) {
            let value = parameter.isTrainable ? try #require(gradients[parameter.slot]) : parameter.value
            let summary = TensorSummary(value, role: parameter.role)
            #expect(summary.shape == entry.shape, "\(path), \(entry.name)")
            let peers = parameter.isTrainable ? try #require(layers[entry.layer]) : [entry]
            let (found, wanted) = (summary.values, entry.values)
            for place in found.indices {
                let scale = peers.map { $0.values[place == 2 ? 2 : 0] }.max() ?? 0
                #expect(
                    abs(found[place] - wanted[place]) <= tolerance * scale,
                    "\(path), \(entry.name): \(found), \(wanted)")
            }
        }
    }

    @Test("ResNet-18, -34 and -50 compute what torchvision's do", arguments: ImageNetResNet.Depth.allCases)
    func resNets(depth: ImageNetResNet.Depth) throws {
        let network = ImageNetResNet(depth, channels: 3, classes: 10, seed: 1)
        // The published counts, with 990 classes more.
        let inputs = network.fc.weight.value.shape[0]
        let counts = [18: 11_689_512, 34: 21_797_672, 50: 25_557_032]
        #expect(network.parameterCount + 990 * (inputs + 1) == counts[depth.rawValue])
        try check("resnet\(depth.rawValue)", network)
    }

    @Test("MobileNetV2 of half the width computes what torchvision's does")
    func mobileNetV2() throws {
        var network = MobileNetV2(width: 0.5, channels: 3, classes: 10, seed: 1)
        network.dropout = Dropout(0)
        try check("mobilenetv2-0.5", network)
    }

    @Test("EfficientNet-Lite0 computes what timm's does")
    func efficientNetLite() throws {
        var network = EfficientNetLite(channels: 3, classes: 10, seed: 1)
        network.dropout = Dropout(0)
        try check("efficientnet-lite0", network)
    }

    @Test("ShuffleNetV2 of half the width computes what torchvision's does")
    func shuffleNetV2() throws {
        try check("shufflenetv2-0.5", ShuffleNetV2(.half, channels: 3, classes: 10, seed: 1))
    }

    @Test("MobileNetV3, small and large at three quarters of the width, computes what torchvision's does")
    func mobileNetV3() throws {
        for (name, size, width) in [("small", MobileNetV3.Size.small, 1.0), ("large-0.75", .large, 0.75)] {
            var network = MobileNetV3(size, width: width, channels: 3, classes: 10, seed: 1)
            network.dropout = Dropout(0)
            try check("mobilenetv3-\(name)", network)
        }
    }

    @Test("Vision transformers compute what timm's do", arguments: VisionTransformer.Size.allCases)
    func visionTransformers(size: VisionTransformer.Size) throws {
        let network = VisionTransformer(size, height: 32, width: 48, channels: 3, classes: 10, seed: 1)
        let channels = network.norm.scale.value.count
        // The published counts, for 196 patches instead of 6, and 990 classes more.
        let extra = 190 * channels + 990 * (channels + 1)
        #expect(network.parameterCount + extra == (size == .tiny ? 5_717_416 : 22_050_664))
        try check("vit-\(size.rawValue)", network)
    }

    @Test(
        "Networks of 1,000 classes have as many parameters as are published",
        arguments: [
            ("mobilenetv2", 3_504_872), ("MobileNetV2-1.0", 3_504_872), ("mobilenetv2-0.5", 1_968_680),
            ("efficientnet-lite0", 4_652_008), ("mobilenetv3-small", 2_542_856),
            ("mobilenetv3-large", 5_483_032), ("shufflenetv2-0.5", 1_366_792), ("shufflenetv2", 2_278_604),
            ("shufflenetv2-1.5", 3_503_624), ("shufflenetv2-2.0", 7_393_996),
        ])
    func counts(name: String, count: Int) throws {
        let network = try NetworkRegistry.standard.makeNetwork(
            named: name, inputShape: [224, 224, 3], classes: 1000, seed: 1)
        #expect(network.parameterCount == count)
    }
}
