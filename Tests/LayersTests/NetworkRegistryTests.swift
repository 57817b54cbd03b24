import Foundation
import Layers
import TensorCore
import Testing

@Suite struct NetworkRegistryTests {
    @Test(
        "Names are known whatever their case",
        arguments: [
            "convnet-16", "resnet-20", "resnet-56", "mlp-128-64", "mlp-1", "resnet18", "resnet34", "resnet50",
            "mobilenetv2", "mobilenetv2-0.5", "mobilenetv2-1", "efficientnet-lite0", "shufflenetv2", "shufflenetv2-1.0",
            "shufflenetv2-1.5", "mobilenetv3-small", "mobilenetv3-large-0.75", "vit-tiny", "vit-small",
        ])
    func names(name: String) throws {
        let prefix = String(name.split(separator: "-")[0])
        for text in [name, name.uppercased()] {
            #expect(try NetworkRegistry.standard.family(of: text).pattern.hasPrefix(prefix))
        }
    }

    @Test(
        "Unknown families and sizes that they do not have are refused with what is known",
        arguments: [
            "", "-", "convnet", "convnet-", "convnet-0", "convnet--16", "convnet-16-", "convnet-16-2", "convnet-x",
            "convnet-99999999999999999999", "convnet-5000", "resnet-9", "resnet-2", "resnet-100000", "mlp", "mlp-0",
            "mlp-1-1-1-1-1-1-1-1-1", "vgg-16", "resnet-20 ", "convnet-+16x", "resnet-18", "resnet50-2", "resnet18-",
            "mobilenetv2-", "mobilenetv2-0", "mobilenetv2-9", "mobilenetv2-1e-1", "mobilenetv2-.5", "mobilenetv2-5.",
            "mobilenetv2-0.5.1", "mobilenetv2-nan", "mobilenetv2-0.5-0.5", "shufflenetv2-0.75", "efficientnet",
            "efficientnet-lite", "mobilenetv3", "mobilenetv3-0.5", "mobilenetv3-smalls", "vit", "vit-base",
            "vit-tiny-1", "efficientnet-lite1",
        ])
    func refusals(text: String) {
        let error = #expect(throws: FormatError.self) { try NetworkRegistry.standard.family(of: text) }
        // Of a family that is known its own rule, else what they all are called.
        let rules = [
            "convnet": "convnet-WIDTH, sizes from 1 to 4096, expected", "resnet": "resnet-DEPTH (8, 20, 32, 56: 6n",
            "mlp": "mlp-HIDDEN[-HIDDEN…], sizes from 1 to 4096, expected", "resnet50": "resnet50 expected",
            "resnet18": "resnet18 expected", "mobilenetv2": "mobilenetv2[-WIDTH] expected",
            "shufflenetv2": "shufflenetv2[-WIDTH] (0.5, 1.0, 1.5, 2.0) expected",
        ]
        let family = text.hasPrefix("vit-tiny") ? "vit-tiny expected" : rules[String(text.prefix { $0 != "-" })]
        #expect(error?.description.contains("'\(text)' found, \(family ?? "convnet-WIDTH, resnet-DEPTH")") == true)
    }

    @Test("It makes the network that a name says, for its images; images that it does not take are refused")
    func networks() throws {
        let input = Tensor.ones([2, 6, 5, 3])
        for (name, count) in [("convnet-2", 380), ("resnet-8", 78_042), ("mlp-7", 717)] {
            let network = try NetworkRegistry.standard.makeNetwork(
                named: name, inputShape: [6, 5, 3], classes: 10, seed: 3)
            #expect(network.parameterCount == count)
            #expect(network.predict(input).shape == [2, 10])
        }
        let error = #expect(throws: FormatError.self) {
            try NetworkRegistry.standard.makeNetwork(named: "convnet-2", inputShape: [1, 8, 3], classes: 10, seed: 3)
        }
        #expect(error?.found == "'convnet-2' for images of [1, 8, 3]")
    }

    @Test("A factor in a name scales widths, rounded to multiples of 8; images of any size and channels are taken")
    func factors() throws {
        func network(_ name: String, _ input: Shape) throws -> any Module {
            try NetworkRegistry.standard.makeNetwork(named: name, inputShape: input, classes: 4, seed: 3)
        }
        let half = try #require(try network("mobilenetv2-0.5", [28, 28, 1]) as? MobileNetV2)
        #expect(half.stem.convolution.weight.value.shape == [3, 3, 1, 16])
        #expect(half.last.convolution.weight.value.shape == [1, 1, 160, 1280])
        let wide = try #require(try network("mobilenetv2-1.4", [28, 28, 1]) as? MobileNetV2)
        #expect(wide.stem.convolution.weight.value.shape == [3, 3, 1, 48])
        #expect(wide.last.convolution.weight.value.shape == [1, 1, 448, 1792])
        #expect(half.predict(.ones([2, 28, 28, 1])).shape == [2, 4])
        // A transformer takes whole patches.
        #expect(throws: FormatError.self) { try network("vit-tiny", [32, 40, 3]) }
        // Down to a single pixel.
        for name in ["mobilenetv2-0.1", "shufflenetv2-0.5", "mobilenetv3-large-0.35"] {
            #expect(try network(name, [5, 4, 2]).predict(.ones([1, 5, 4, 2])).shape == [1, 4])
        }
    }

    @Test("A program adds a family of its own, and its names are made and listed")
    func own() throws {
        let registry = NetworkRegistry.standard.adding(
            NetworkFamily("linear", accepts: \.isEmpty) { _, input, classes, seed in
                MLP(inputs: input.elementCount, hidden: [], classes: classes, seed: seed)
            })
        let network = try registry.makeNetwork(named: "Linear", inputShape: [2, 2, 1], classes: 3, seed: 1)
        #expect(network.parameterCount == 15 && registry.patterns.last == "linear")
        #expect(throws: FormatError.self) { try registry.family(of: "linear-2") }
    }
}
