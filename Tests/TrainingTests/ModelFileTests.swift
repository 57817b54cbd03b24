import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite struct ModelFileTests {
    private func description(_ family: Architecture.Family, side: Int = 8) -> ModelFile.Description {
        ModelFile.Description(
            architecture: Architecture(family, height: side, width: side, channels: 1, classes: 3),
            normalization: Normalization(mean: [0.3], deviation: [0.2]), classNames: ["a", "b", "ç"])
    }

    @Test("Every family comes back with the same bits, and the same model is the same file")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            for family in [Architecture.Family.convNet(width: 2), .resNet(depth: 8), .mlp(hidden: [5, 4])] {
                let description = description(family)
                let model = description.architecture.makeNetwork(seed: 3)
                let urls = ["a", "b"].map { folder.appending(path: $0) }
                for url in urls { try ModelFile(model, description: description).write(to: url) }
                #expect(try Data(contentsOf: urls[0]) == Data(contentsOf: urls[1]))
                let back = try ModelFile.read(urls[0])
                #expect(back.description == description)
                #expect(back.model.bits == model.bits)
            }
        }
    }

    @Test("The number of weights is known without building the network")
    func weightCount() {
        for family in [
            Architecture.Family.convNet(width: 5), .resNet(depth: 8), .resNet(depth: 20), .mlp(hidden: [7, 6]),
        ] {
            let architecture = Architecture(family, height: 4, width: 6, channels: 3, classes: 11)
            let weights = architecture.makeNetwork(seed: 0).parameters.filter { $0.parameter.role == .weight }
            #expect(architecture.weightCount == weights.reduce(0) { $0 + $1.parameter.value.count })
        }
    }

    @Test("Every prefix and a thousand damaged copies: an error or a model, never a crash")
    func damage() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model")
            let description = description(.mlp(hidden: [2]), side: 2)
            try ModelFile(description.architecture.makeNetwork(seed: 1), description: description).write(to: url)
            let bytes = [UInt8](try Data(contentsOf: url))
            var accepted = 0
            for content in Damage.prefixes(of: bytes) {
                try Data(content).write(to: url)
                #expect(throws: FormatError.self) { try ModelFile.read(url) }
            }
            for content in Damage.mutations(of: bytes, count: 1000, seed: 5) {
                try Data(content).write(to: url)
                do { accepted += try ModelFile.read(url).model.parameterCount > 0 ? 1 : 0 } catch is FormatError {}
            }
            #expect(accepted > 0)  // damaged weights are weights
        }
    }

    @Test("A description of an enormous or impossible network is refused before anything of its size is allocated")
    func absurdSizes() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model")
            let good = description(.convNet(width: 2))
            try ModelFile(good.architecture.makeNetwork(seed: 1), description: good).write(to: url)
            func refusal(_ family: Architecture.Family, _ change: (inout ModelFile.Description) -> Void = { _ in })
                throws
                -> FormatError?
            {
                var lie = description(family)
                change(&lie)
                var file = try SafetensorsFile.read(url)
                file.metadata["description"] = try lie.encoded()
                let other = folder.appending(path: "other")
                try file.write(to: other)
                StoragePool.resetPeak()
                let before = StoragePool.statistics.liveBytes
                let error = #expect(throws: FormatError.self) { try ModelFile.read(other) }
                #expect(StoragePool.statistics.peakLiveBytes - before < 50_000_000)
                return error
            }
            #expect(try refusal(.convNet(width: 4096))?.expected == "1057026048 weights of convnet-4096")
            _ = try refusal(.resNet(depth: 1202))
            _ = try refusal(.mlp(hidden: [4096, 4096]))
            _ = try refusal(.mlp(hidden: [4096])) { lie in
                lie.architecture = Architecture(
                    .mlp(hidden: [4096]), height: 65_536, width: 65_536, channels: 1, classes: 3)
            }
            _ = try refusal(.convNet(width: 1 << 40))
            _ = try refusal(.convNet(width: -1))
            _ = try refusal(.resNet(depth: 9))
            _ = try refusal(.mlp(hidden: []))
            _ = try refusal(.convNet(width: 2)) { $0.classNames = ["a"] }
            _ = try refusal(.convNet(width: 2)) { $0.normalization = Normalization(mean: [0, 0], deviation: [1, 1]) }
            for side in [0, 1, -5, Int.max] {
                _ = try refusal(.convNet(width: 2)) { lie in
                    lie.architecture = Architecture(.convNet(width: 2), height: side, width: 8, channels: 1, classes: 3)
                }
            }
            for widths in [[1, 1, 1], [1, 1, 1, 0], [2, 2, 4, 5], [2, 2, 4, 4096]] {
                _ = try refusal(.convNet(width: 2)) { lie in
                    lie.architecture = Architecture(
                        .convNet(width: 2), height: 8, width: 8, channels: 1, classes: 3, widths: widths)
                }
            }
            _ = try refusal(.convNet(width: 3))
        }
    }
}
