import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

/// The networks of the registry on their way through tracing, inference, files and features.
@Suite struct NetworkTests {
    static let names = [
        "resnet18", "mobilenetv2-0.25", "efficientnet-lite0", "shufflenetv2-0.5", "mobilenetv3-small-0.5",
        "mobilenetv3-large-0.5", "vit-tiny",
    ]

    static func network(_ name: String) throws -> AnyModule {
        withStatistics(
            AnyModule(
                try NetworkRegistry.standard.makeNetwork(named: name, inputShape: [32, 32, 3], classes: 5, seed: 1)),
            seed: 2)
    }

    static func largest(_ tensor: Tensor) -> Float { tensor.scalars.reduce(0) { max($0, abs($1)) } }

    @Test(
        "A network traces; its inference plan and the graph of its file compute what the module does", arguments: names)
    func wholeWay(name: String) throws {
        let network = try Self.network(name)
        let images = smoothImages(3, side: 32, channels: 3, seed: 3)
        let expected = network.predict(images)
        let graph = try NetworkGraph(tracing: network, inputShape: [32, 32, 3])
        let plan = try InferencePlan(graph.foldingBatchNorm().fusingActivations())
        #expect(Self.largest(plan(images) - expected) < 1e-4 * Self.largest(expected))
        let file = try SafetensorsFile(decoding: graph.file(metadata: [:]).encoded(), file: name)
        let read = try TracedNetwork(NetworkGraph(StoredGraph(file, operations: .standard, limits: .init())))
        #expect(
            read.predict(images).isBitIdentical(to: expected) || Self.largest(read.predict(images) - expected) < 1e-4)
        #expect(read.parameterCount == network.parameterCount)
    }

    @Test(
        "Outputs of blocks and of their layers are features by their paths, and wanting them changes no output",
        arguments: [
            ("resnet18", ["layer1", "layer2.0", "layer2.0.bn1", "layer4", "conv1", "fc"]),
            ("mobilenetv2-0.25", ["features.0", "features.3", "features.3.conv.1.0", "features.18", "classifier.1"]),
            ("efficientnet-lite0", ["blocks.1.0", "blocks.1.0.conv_dw", "blocks.6.0", "bn2", "classifier"]),
            ("mobilenetv3-small-0.5", ["features.1", "features.1.block.1", "features.4.block.0", "classifier.0"]),
            ("vit-tiny", ["blocks.0", "blocks.3.attn", "blocks.11.mlp.fc1", "norm", "head"]),
            ("shufflenetv2-0.5", ["stage2", "stage3.1", "stage3.0.branch1", "stage3.0.branch2.3", "conv5"]),
        ])
    func features(name: String, paths: [String]) throws {
        var network = try Self.network(name)
        let images = smoothImages(2, side: 32, channels: 3, seed: 3)
        let expected = network.predict(images)
        let tape = Tape(mode: .evaluation, features: Set(paths))
        tape.bind(&network)
        let output = network(tape.constant(images)).value
        #expect(Self.largest(output - expected) < 1e-4 * Self.largest(expected))
        #expect(Set(tape.features.keys) == Set(paths))
        // A block's output is its last, not that of a layer in it.
        if name == "resnet18" {
            #expect(tape.features["layer2.0"]?.shape == [2, 4, 4, 128])
            #expect(tape.features["layer2.0"]?.value != tape.features["layer2.0.bn1"]?.value)
        }
        if name == "shufflenetv2-0.5" { #expect(tape.features["stage3.1"]?.shape == [2, 2, 2, 96]) }
    }
}
