import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Deploy

@Suite struct ModelFileTests {
    static let description = ModelFile.Description(
        architecture: "any", normalization: Normalization(mean: [0.3], deviation: [0.2]), classNames: ["a", "b", "ç"])

    @Test("Every family comes back with the same bits and outputs, and the same model is the same file")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            for name in ["convnet-2", "resnet-8", "mlp-5-4"] {
                let model = try NetworkRegistry.standard.makeNetwork(
                    named: name, inputShape: [8, 8, 1], classes: 3, seed: 3)
                let urls = ["a", "b", "c"].map { folder.appending(path: $0) }
                let file = ModelFile(model, inputShape: [8, 8, 1], description: Self.description)
                for url in urls.prefix(2) { try file.write(to: url) }
                #expect(try Data(contentsOf: urls[0]) == Data(contentsOf: urls[1]))
                let back = try ModelFile.read(urls[0])
                #expect(back.description == Self.description && back.inputShape == [8, 8, 1])
                let module = try #require(back.module)
                #expect(module.bits == model.bits)
                let images = smoothImages(5, side: 8, seed: 2)
                #expect(back.predict(images).isBitIdentical(to: model.predict(images)))
                try back.write(to: urls[2])
                #expect(try Data(contentsOf: urls[2]) == Data(contentsOf: urls[0]))
            }
        }
    }

    @Test("A description that does not say how images were held out is of the time when they were by place")
    func heldOut() throws {
        let text = #"{"architecture":"a","classNames":["x"],"normalization":{"deviation":[1],"mean":[0]}}"#
        let earlier = try JSONDecoder().decode(ModelFile.Description.self, from: Data(text.utf8))
        #expect(earlier.heldOut == .byPlace && earlier.classNames == ["x"])
        let present = try JSONEncoder().encode(Self.description)
        #expect(String(decoding: present, as: UTF8.self).contains(#""heldOut":"name""#))
        #expect(try JSONDecoder().decode(ModelFile.Description.self, from: present) == Self.description)
    }

    @Test(
        "Whether images are padded is said where they are or where nobody knows; files from before are of stretched ones"
    )
    func aspect() throws {
        for keepsAspect in [false, true, nil] {
            var description = Self.description
            description.keepsAspect = keepsAspect
            let text = try JSONEncoder().encode(description)
            #expect(String(decoding: text, as: UTF8.self).contains("keepsAspect") == (keepsAspect != false))
            #expect(try JSONDecoder().decode(ModelFile.Description.self, from: text).keepsAspect == keepsAspect)
        }
    }

    @Test("The number of weights is known without building the network")
    func weightCount() {
        for family in [
            EarlierArchitecture.Family.convNet(width: 5), .resNet(depth: 8), .resNet(depth: 20), .mlp(hidden: [7, 6]),
        ] {
            let architecture = EarlierArchitecture(family, height: 4, width: 6, channels: 3, classes: 11)
            let weights = architecture.makeNetwork(seed: 0).parameters.filter { $0.parameter.role == .weight }
            #expect(architecture.weightCount == weights.reduce(0) { $0 + $1.parameter.value.count })
        }
    }

    @Test("Every prefix and a thousand damaged copies: an error or a model, never a crash")
    func damage() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model")
            let model = MLP(inputs: 4, hidden: [2], classes: 3, seed: 1)
            try ModelFile(model, inputShape: [2, 2, 1], description: Self.description).write(to: url)
            let bytes = [UInt8](try Data(contentsOf: url))
            var accepted = 0
            for content in Damage.prefixes(of: bytes) {
                try Data(content).write(to: url)
                #expect(throws: FormatError.self) { try ModelFile.read(url) }
            }
            for content in Damage.mutations(of: bytes, count: 1000, seed: 5) {
                try Data(content).write(to: url)
                do { accepted += try ModelFile.read(url).module != nil ? 1 : 0 } catch is FormatError {}
            }
            #expect(accepted > 0)  // damaged weights are weights
        }
    }

    /// A float32 file as it was before files held graphs.
    private func earlier(
        _ family: EarlierArchitecture.Family, side: Int = 8, of model: some Module
    ) -> (EarlierDescription, SafetensorsFile) {
        let description = EarlierDescription(
            architecture: EarlierArchitecture(family, height: side, width: side, channels: 1, classes: 3),
            normalization: Normalization(mean: [0.3], deviation: [0.2]), classNames: ["a", "b", "ç"])
        return (description, SafetensorsFile(tensors: model.tensors.map { ($0.key, $0.value) }))
    }

    private func write(_ description: EarlierDescription, _ file: SafetensorsFile, to url: URL) throws {
        var file = file
        file.metadata = [
            "format": EarlierDescription.format,
            "description": String(decoding: try JSONEncoder().encode(description), as: UTF8.self),
        ]
        try file.write(to: url)
    }

    @Test(
        "An earlier description of an enormous or impossible network is refused before anything of its size is allocated"
    )
    func absurdSizes() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model")
            let network = ConvNet(width: 2, channels: 1, classes: 3, seed: 1)
            let (good, weights) = earlier(.convNet(width: 2), of: network)
            try write(good, weights, to: url)
            #expect(try ModelFile.read(url).module?.bits == network.bits)
            func refusal(
                _ family: EarlierArchitecture.Family, _ change: (inout EarlierDescription) -> Void = { _ in }
            ) throws -> FormatError? {
                var (lie, file) = earlier(family, of: network)
                change(&lie)
                try write(lie, file, to: url)
                file = SafetensorsFile()
                let before = StoragePool.statistics.liveBytes
                let error = #expect(throws: FormatError.self) { try ModelFile.read(url) }
                #expect(StoragePool.statistics.liveBytes - before < 50_000_000)
                return error
            }
            #expect(try refusal(.convNet(width: 4096))?.expected == "1057026048 weights of convnet-4096")
            _ = try refusal(.resNet(depth: 1202))
            _ = try refusal(.mlp(hidden: [4096, 4096]))
            _ = try refusal(.mlp(hidden: [4096])) { lie in
                lie.architecture = EarlierArchitecture(
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
                    lie.architecture = EarlierArchitecture(
                        .convNet(width: 2), height: side, width: 8, channels: 1, classes: 3)
                }
            }
            for widths in [[1, 1, 1], [1, 1, 1, 0], [2, 2, 4, 5], [2, 2, 4, 4096]] {
                _ = try refusal(.convNet(width: 2)) { lie in
                    lie.architecture = EarlierArchitecture(
                        .convNet(width: 2), height: 8, width: 8, channels: 1, classes: 3, widths: widths)
                }
            }
            _ = try refusal(.convNet(width: 3))
        }
    }
}
