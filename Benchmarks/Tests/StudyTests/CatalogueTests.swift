import Foundation
import Retort
import Testing

@Suite("The catalogue of operations in the documentation")
struct CatalogueTests {
    private static let features = [
        "ChannelDrop", "ChannelShuffle", "DropBlock", "FeatureNoise", "ManifoldMixUp", "RandomMask",
    ]
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let page = root.appending(path: "Sources/Augment/Augment.docc/Catalogue")

    /// The entries of the page, a heading each.
    private static func entries() throws -> [String] {
        try String(contentsOf: page.appending(path: "Catalogue.md"), encoding: .utf8).components(separatedBy: "\n###")
    }

    private static func pictures(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".png") }.sorted()
    }

    @Test("A picture that is missing, left over, or no longer what its operation draws: then run `make catalogue`")
    func pictures() throws {
        try withTemporaryFolder { folder in
            let catalogue = CommandLine(executable: CommandLine.built("catalogue"), folder: folder)
            let result = try catalogue.succeed("--out drawn")
            let names = AugmentationPolicy.everyOperation.singleOperations.map(\.name) + Self.features
            let drawn = try Self.pictures(in: folder.appending(path: "drawn"))
            #expect(drawn == names.map { "\($0).png" }.sorted())
            #expect(result.output == "drawn: \(drawn.count) pictures\n")
            #expect(try Self.pictures(in: Self.page) == drawn)
            for name in drawn {
                // Pixels and not bytes: another release of zlib packs them otherwise.
                let (now, stored) = (folder.appending(path: "drawn/\(name)"), Self.page.appending(path: name))
                let isCurrent = try PNGFile.read(now) == PNGFile.read(stored)
                #expect(isCurrent, "\(name)")
            }
            try catalogue.succeed("--out again", environment: ["RETORT_THREADS": "1"])
            for name in drawn { #expect(try catalogue.bytes("drawn/\(name)") == catalogue.bytes("again/\(name)")) }
        }
    }

    @Test("An entry without its picture, with another policy than the picture shows, or with limits that have changed")
    func page() throws {
        let entries = try Self.entries()
        for (_, name, policy) in AugmentationPolicy.everyOperation.singleOperations {
            let entry = try #require(entries.first { $0.contains("(\(name).png)") }, "\(name) has no entry")
            let policies = entry.matches(of: /`(\{[^`]+\})`/).compactMap {
                try? AugmentationPolicy(json: Data(#"{"operations": [\#($0.output.1)]}"#.utf8))
            }
            #expect(policies == [policy], "\(name)")
            for (parameter, limits) in try Self.limits(of: policy) {
                #expect(entry.contains("`\(parameter)` \(limits)"), "\(name): `\(parameter)` \(limits)")
            }
        }
        let comparison = try String(contentsOf: Self.root.appending(path: "docs/comparison.md"), encoding: .utf8)
        let count = AugmentationPolicy.everyOperation.singleOperations.count
        #expect(comparison.contains("Retort has \(count) operations and \(Self.features.count) for feature maps"))
        for name in Self.features {
            #expect(entries.contains { $0.contains("(\(name).png)") && $0.contains("``\(name)``") }, "\(name)")
        }
    }

    /// What a policy file is told that its one operation's parameters may be.
    private static func limits(of policy: AugmentationPolicy) throws -> [(parameter: String, limits: String)] {
        let object = try #require(JSONSerialization.jsonObject(with: policy.json) as? [String: [[String: Any]]])
        let operation = try #require(object["operations"]?.first)
        return try operation.keys.filter { $0 != "operation" }.map { parameter in
            var broken = operation
            broken[parameter] = "?"
            let json = try JSONSerialization.data(withJSONObject: ["operations": [broken]])
            let error = try #require(throws: FormatError.self) { _ = try AugmentationPolicy(json: json) }
            let limits = error.expected.replacing(", as [lower, upper]", with: "")
            return (parameter, limits.replacing(#/^.*(within|one of) /#, with: ""))
        }
    }
}
