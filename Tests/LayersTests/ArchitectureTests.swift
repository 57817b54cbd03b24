import Foundation
import Layers
import TensorCore
import Testing

@Suite struct ArchitectureTests {
    @Test(
        "Names round-trip, whatever their case",
        arguments: ["convnet-16", "resnet-20", "resnet-56", "mlp-128-64", "mlp-1"])
    func names(name: String) throws {
        for text in [name, name.uppercased()] {
            let family = try Architecture.family(named: text)
            #expect(Architecture(family, height: 28, width: 28, channels: 1, classes: 10).name == name)
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
        let error = #expect(throws: FormatError.self) { try Architecture.family(named: text) }
        #expect(error?.description.contains("'\(text)' found, convnet-WIDTH") == true)
    }

    @Test("It makes the network that it names, for its images")
    func networks() throws {
        let input = Tensor.ones([2, 6, 5, 3])
        for (name, count) in [("convnet-2", 380), ("resnet-8", 78_042), ("mlp-7", 717)] {
            let architecture = Architecture(
                try Architecture.family(named: name), height: 6, width: 5, channels: 3, classes: 10)
            let network = architecture.makeNetwork(seed: 3)
            #expect(network.parameterCount == count)
            #expect(network.predict(input).shape == [2, 10])
        }
    }

    @Test("Of a network with fewer channels it has the widths, the name, the number of weights, and makes it again")
    func widths() throws {
        for (family, widths) in [
            (.convNet(width: 8), [3, 8, 5, 16]), (.resNet(depth: 14), [7, 9, 11, 1, 2, 3, 4, 5, 6]),
            (.mlp(hidden: [9, 8]), [4, 8]),
        ] as [(Architecture.Family, [Int])] {
            let whole = Architecture(family, height: 6, width: 5, channels: 3, classes: 10)
            #expect(whole.keeping(widthsOf: whole.makeNetwork(seed: 1)) == whole)
            let thin = Architecture(family, height: 6, width: 5, channels: 3, classes: 10, widths: widths)
            let network = thin.makeNetwork(seed: 2)
            #expect(whole.keeping(widthsOf: network) == thin && network.predict(.ones([2, 6, 5, 3])).shape == [2, 10])
            #expect(thin.name == "\(family.name) (\(widths.map(String.init).joined(separator: "-")))")
            for (architecture, network) in [(thin, network), (whole, whole.makeNetwork(seed: 1))] {
                let weights = network.parameters.filter { $0.parameter.role == .weight }
                #expect(architecture.weightCount == weights.reduce(0) { $0 + $1.parameter.value.count })
            }
        }
    }

    @Test("It survives JSON, as checkpoints store it")
    func coding() throws {
        for family: Architecture.Family in [.convNet(width: 3), .resNet(depth: 8), .mlp(hidden: [1, 2])] {
            let architecture = Architecture(family, height: 1, width: 2, channels: 3, classes: 4)
            let data = try JSONEncoder().encode(architecture)
            #expect(try JSONDecoder().decode(Architecture.self, from: data) == architecture)
            // As files before there was pruning have it.
            #expect(!String(decoding: data, as: UTF8.self).contains("widths"))
        }
    }
}
