import Foundation
import Layers
import TensorCore
import Testing

@Suite struct NetworkRegistryTests {
    @Test(
        "Names are known whatever their case",
        arguments: ["convnet-16", "resnet-20", "resnet-56", "mlp-128-64", "mlp-1"])
    func names(name: String) throws {
        let prefix = String(name.split(separator: "-")[0])
        for text in [name, name.uppercased()] {
            #expect(try NetworkRegistry.standard.family(of: text).family.pattern.hasPrefix(prefix))
        }
    }

    @Test(
        "Unknown families and sizes that they do not have are refused with what is known",
        arguments: [
            "", "-", "convnet", "convnet-", "convnet-0", "convnet--16", "convnet-16-", "convnet-16-2", "convnet-x",
            "convnet-99999999999999999999", "convnet-5000", "resnet-9", "resnet-2", "resnet-100000", "mlp", "mlp-0",
            "mlp-1-1-1-1-1-1-1-1-1", "vgg-16", "resnet-20 ", "convnet-+16x",
        ])
    func refusals(text: String) {
        let error = #expect(throws: FormatError.self) { try NetworkRegistry.standard.family(of: text) }
        #expect(error?.description.contains("'\(text)' found, convnet-WIDTH") == true)
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
