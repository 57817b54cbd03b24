import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Policies as JSON")
struct CodingTests {
    private func error(_ json: String) -> String? {
        do {
            _ = try AugmentationPolicy(json: Data(json.utf8), file: "policy.json")
            return nil
        } catch { return "\(error)" }
    }

    @Test("Every operation comes back as it was, in groups and with probabilities; equal policies are equal bytes")
    func roundTrip() throws {
        let policy = AugmentationPolicy {
            Affine(rotate: -30...12.5, scale: 0.8...1.2, translate: 0.2, shear: -3...4, border: .reflect)
                .probability(0.8)
            OneOf {
                AllOf {
                    HorizontalFlip()
                    VerticalFlip().probability(0.1)
                }.probability(0.3)
                RandomResizedCrop(area: 0.2...0.9, aspect: 0.5...2)
                PadAndCrop(padding: 4, border: .edge)
            }
            BrightnessContrast(brightness: 0.2, contrast: 0.4)
            Gamma(0.7...1.5)
            GaussianNoise(standardDeviation: 0.1)
            Cutout(size: 0.3, fill: 0.5)
            MixUp(alpha: 0.2)
        }
        let json = try policy.json
        let back = try AugmentationPolicy(json: json)
        #expect(back == policy)
        #expect(try back.json == json)
        // Inside another value too.
        let list = try JSONDecoder().decode([AugmentationPolicy].self, from: JSONEncoder().encode([policy, .ocr]))
        #expect(list == [policy, .ocr])
        #expect(!String(decoding: json, as: UTF8.self).contains("0000"))
    }

    @Test("A policy written by hand may leave out what has a default")
    func defaults() throws {
        let json = """
            {"operations": [{"operation": "affine", "rotate": [-30, 30], "probability": 0.8},
                {"operation": "oneOf", "of": [{"operation": "gamma", "exponent": [0.7, 1.5]}]}]}
            """
        #expect(
            try AugmentationPolicy(json: Data(json.utf8))
                == AugmentationPolicy {
                    Affine(rotate: -30...30).probability(0.8)
                    OneOf { Gamma(0.7...1.5) }
                })
    }

    @Test(
        "A fault is named by its path, with what was found and what was expected",
        arguments: [
            (#"{"operations": ["#, "policy.json: text that is no JSON found"),
            (
                "{\"operations\": [\n  {\"operation\": \"cutout\", \"size\": 0.3, \"fill\": 01}]}",
                "policy.json: line 2: operations[0].fill: 01 found, a number without leading zeros expected"
            ),
            (
                #"{"operations": [{"operation": "affine", "rotate": [10, -030.5]}]}"#,
                "policy.json: line 1: operations[0].rotate[1]: -030.5 found, a number without leading zeros expected"
            ),
            // Zeros that JSON has, and digits in a string, are no reason.
            (#"{"operations": [0, -0.5, 1e05, 10, "01 \" 02", "#, "policy.json: text that is no JSON found"),
            (#"[]"#, "policy.json: [] found, an object with operations expected"),
            (#"{}"#, "policy.json: operations: nothing found, an array of operations expected"),
            (#"{"operations": [], "extra": 1}"#, "policy.json: extra: an unknown field found"),
            (#"{"operations": [3]}"#, "operations[0]: 3 found, an object with an operation expected"),
            (#"{"operations": [{"operation": "afine"}]}"#, #"operations[0].operation: "afine" found, one of"#),
            (#"{"operations": [{}]}"#, "operations[0].operation: nothing found, one of horizontalFlip"),
            (
                #"{"operations": [{"gamma": {}, "rain": {}, "affine": {}, "fog": {}, "cutout": {}, "snow": {}}]}"#,
                "operations[0]: the key 'affine' found"
            ),
            (
                #"{"operations": [{"operation": "horizontalFlip"}, {"operation": "affine", "rotate": [-200, 15]}]}"#,
                "policy.json: operations[1].rotate: -200…15 found, a range within -180…180 expected"
            ),
            (
                #"{"operations": [{"operation": "affine", "rotate": [30, -30]}]}"#,
                "operations[0].rotate: [30, -30] found, a range within -180…180, as [lower, upper] expected"
            ),
            (#"{"operations": [{"operation": "affine", "rotate": 30}]}"#, "operations[0].rotate: 30 found, a range"),
            (
                #"{"operations": [{"operation": "affine", "border": "wrap"}]}"#,
                #"operations[0].border: "wrap" found, one of zero, edge, reflect expected"#
            ),
            (#"{"operations": [{"operation": "gamma"}]}"#, "operations[0].exponent: nothing found, this field"),
            (#"{"operations": [{"operation": "cutout", "size": true}]}"#, "operations[0].size: true found, a number"),
            (#"{"operations": [{"operation": "cutout", "size": 0.1, "sice": 1}]}"#, "operations[0].sice: an unknown"),
            (
                #"{"operations": [{"operation": "padAndCrop", "padding": 2.5}]}"#,
                "operations[0].padding: 2.5 found, a whole number within 0…1024 expected"
            ),
            (
                #"{"operations": [{"operation": "oneOf", "of": [{"operation": "mixUp", "alpha": -1}]}]}"#,
                "operations[0].of[0].alpha: -1 found, a number within 0…100 expected"
            ),
            (#"{"operations": [{"operation": "oneOf", "of": []}]}"#, "operations[0].of: an empty array found"),
            (
                #"{"operations": [{"operation": "horizontalFlip", "probability": 1.5}]}"#,
                "operations[0].probability: 1.5 found, a number within 0…1 expected"
            ),
        ])
    func faults(json: String, expected: String) throws {
        let text = try #require(error(json))
        #expect(text.contains(expected))
    }

    @Test("Too many operations, and arrays too deep for the parser, are refused and do not crash")
    func sizes() {
        let flips = Array(repeating: #"{"operation": "horizontalFlip"}"#, count: 1000).joined(separator: ",")
        #expect(error(#"{"operations": [\#(flips)]}"#)?.contains("1000 operations and groups found") == true)
        let deep = String(repeating: "[", count: 100_000)
        #expect(error(deep)?.contains("no JSON") == true)
    }
}
