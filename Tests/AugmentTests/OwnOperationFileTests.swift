import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Operations from outside the library, in files and before rules")
struct OwnOperationFileTests {
    init() {
        for type in [Lean.self, Tilt.self, Smoothstep.self, Scanlines.self, Bulge.self] as [any PixelOperation.Type] {
            AugmentationPolicy.register(type)
        }
    }

    private func read(_ operation: String) throws -> AugmentationPolicy {
        try AugmentationPolicy(json: Data(#"{"operations": [\#(operation)]}"#.utf8), file: "p.json")
    }

    // MARK: JSON

    @Test("Every kind of field comes back as it was, in groups too; equal policies are equal bytes")
    func roundTrip() throws {
        let policy = AugmentationPolicy {
            OneOf {
                Lean(slope: 0.25, border: .reflect).probability(0.75)
                Scanlines(period: 3, depth: 0.25, direction: .columns, tint: [1, 0.5, 0])
            }
            Smoothstep(amount: 0.25...0.5)
            HorizontalFlip()
        }
        let back = try AugmentationPolicy(json: policy.json)
        #expect(try back == policy && back.json == policy.json && back.digest == policy.digest)
        #expect(try policy.digest != policy.scaled(by: 0.5).digest)
        #expect(Lean(slope: 0.25) != Lean(slope: 0.5) && Lean(slope: 0.25).hashValue == Lean(slope: 0.25).hashValue)
    }

    @Test("Fields that a file leaves out are the template's")
    func defaults() throws {
        #expect(
            try read(#"{"operation": "scanlines", "period": 5}, {"operation": "smoothstep"}"#)
                == AugmentationPolicy {
                    Scanlines(period: 5)
                    Smoothstep()
                })
    }

    @Test(
        "A fault is named by its path, with what was found and what was expected",
        arguments: [
            (#"{"operation": "lean"}"#, "p.json: operations[0].slope: nothing found, this field expected"),
            (
                #"{"operation": "lean", "slope": 2}"#,
                "p.json: operations[0].slope: 2 found, a number within 0…1 expected"
            ),
            (
                #"{"operation": "oneOf", "of": [{"operation": "tilt", "degrees": [5, -5]}]}"#,
                "operations[0].of[0].degrees: [5, -5] found, a range within -90…90, as [lower, upper] expected"
            ),
            (
                #"{"operation": "scanlines", "period": 2.5}"#,
                "operations[0].period: 2.5 found, a whole number within 2…64 expected"
            ),
            (
                #"{"operation": "scanlines", "period": 2, "direction": "up"}"#,
                #"operations[0].direction: "up" found, one of rows, columns expected"#
            ),
            (
                #"{"operation": "scanlines", "period": 2, "tint": [1, 2, 3]}"#,
                "operations[0].tint: 2 found, 3 numbers within 0…1 expected"
            ),
            (#"{"operation": "lean", "slope": 0.1, "slant": 1}"#, "operations[0].slant: an unknown field found"),
            (#"{"operation": "lean", "slope": 0.1, "probability": 2}"#, "operations[0].probability: 2 found"),
        ])
    func faults(operation: String, expected: String) {
        let error = #expect(throws: FormatError.self) { try read(operation) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(expected))
    }

    @Test("An operation that nobody registered is named, beside those that are, and works without a file")
    func unregistered() throws {
        let policy = AugmentationPolicy { Unsaid() }
        let json = try policy.json
        let error = #expect(throws: FormatError.self) { try AugmentationPolicy(json: json) }
        #expect(error?.place == "operations[0].operation" && error?.found == #""unsaid""#)
        let names = error?.expected.components(separatedBy: ", ") ?? []
        #expect(names.first == "one of horizontalFlip" && names.contains("lean") && names.suffix(1) == ["someOf"])
        #expect(AugmentationPolicy.operationNames.contains("lean") && AugmentationPolicy.operationNames.contains("fog"))
        #expect(!AugmentationPolicy.operationNames.contains("unsaid"))
    }

    @Test("Wrong declarations and values stop the program and say what is wrong")
    func refusals() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let limits = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = AugmentationPolicy { Lean(slope: 1.5) }
        }
        #expect(text(limits).contains("Lean: slope: 1.5 given, a number within 0…1 expected"))
        let forgotten = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = AugmentationPolicy { Forgetful() }
        }
        #expect(text(forgotten).contains("Forgetful: visitFields does not visit the stored property amount"))
        let taken = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            AugmentationPolicy.register(Impostor.self)
        }
        #expect(text(taken).contains("Impostor: is called fog, the name of Fog"))
        await #expect(processExitsWith: .failure) { _ = AugmentationPolicy { Impostor() } }
        await #expect(processExitsWith: .failure) { _ = Warp(xx: .nan) }
        await #expect(processExitsWith: .failure) { _ = ColorMatrix(red: [200, 0, 0, 0], green: [], blue: []) }
        await #expect(processExitsWith: .failure) { _ = PixelChange.convolution([(0, 0, 1), (0, 1, -1)]) }
        await #expect(processExitsWith: .failure) { _ = PixelChange.convolution([(0, 5000, 1)]) }
    }

    @Test("Every operation of the library declares its fields rightly")
    func declarations() {
        for type in operationTypes { #expect(type.declarationFault == nil) }
    }

    // MARK: Rules

    @Test("What a task does not bear is refused by what the operation says of itself")
    func lint() {
        func findings(_ task: ImageTask, @PolicyBuilder _ steps: () -> [AugmentationStep]) -> [LintFinding] {
            AugmentationPolicy(steps).lint(for: task)
        }
        // atan(0.25) is 14.04°, atan(0.3) is 16.7°; text bears 15°.
        #expect(findings(.ocr) { Lean(slope: 0.25) }.isEmpty)
        #expect(findings(.ocr) { Lean(slope: 0.3) }.map(\.rule) == ["shear within ±15°"])
        #expect(findings(.natural) { Lean(slope: 0.3) }.isEmpty)
        // Angles of theirs and ours add up.
        let turned = findings(.ocr) {
            Affine(rotate: -6...6)
            Tilt(degrees: -5...3)
        }
        #expect(turned.map(\.found) == ["all together can rotate by 11°"])
        #expect(findings(.ocr) { Scanlines(period: 2) }.map(\.found) == ["scanlines covers a square of 0.5 of a side"])
        #expect(findings(.digits) { Bulge(strength: 0.1) }.map(\.found) == ["bulge moves pixels by 0.1 of a side"])
        for task in ImageTask.allCases { #expect(findings(task) { Smoothstep() }.isEmpty) }
    }

    @Test("One that says nothing is refused by every task, unless it is never done")
    func unsaid() {
        for task in ImageTask.allCases {
            let findings = AugmentationPolicy { OneOf { Unsaid() } }.lint(for: task)
            #expect(findings.map(\.place) == ["operations[0].of[0]"])
            #expect(findings.map(\.found) == ["unsaid does not say what it does to an image"])
            #expect(AugmentationPolicy { Unsaid().probability(0) }.lint(for: task).isEmpty)
            #expect(throws: FormatError.self) { try AugmentationPolicy { Unsaid() }.checked(for: task) }
        }
    }

    @Test(
        "Each effect is bounded where the library's own operation of that effect is",
        arguments: [
            (PixelEffect.mirrorsSideways, [ImageTask.digits, .ocr, .driving, .medical]),
            (.mirrorsUpright, ImageTask.allCases), (.rotates(degrees: 50), ImageTask.allCases),
            (.shears(degrees: 12), [.driving, .medical]), (.shifts(share: 0.2), [.ocr]),
            (.scales(0.6...1), [.ocr, .driving, .medical]), (.crops(side: 0.6), [.digits, .ocr, .medical]),
            (.deforms(share: 0.05), [.ocr, .medical]), (.covers(side: 0.2), [.ocr, .medical]),
            (.blurs(deviation: 1.8), [.ocr, .medical]), (.addsNoise(deviation: 0.25), [.ocr, .medical]),
            (.turnsHues(degrees: 12), [.medical]), (.inverts, [.driving, .medical]),
        ])
    func effects(effect: PixelEffect, refusing: [ImageTask]) {
        struct Effective: PixelOperation {
            static let name = "effective"
            static let template = Effective(effect: .inverts)
            // Not a field: this one is not meant for files.
            let effect: PixelEffect

            var effects: [PixelEffect]? { [effect] }

            func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {}
        }
        // Not by way of an element, which would ask for fields.
        let step = AugmentationStep(content: .operation(Effective(effect: effect)))
        for task in ImageTask.allCases {
            let findings = AugmentationPolicy(steps: [step]).lint(for: task)
            #expect(findings.count == (refusing.contains(task) ? 1 : 0), "\(task): \(findings)")
            #expect(findings.allSatisfy { $0.found.hasPrefix("effective ") })
        }
    }
}
