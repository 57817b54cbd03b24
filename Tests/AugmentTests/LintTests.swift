import TensorCore
import Testing

@testable import Augment

@Suite("Rules of a task")
struct LintTests {
    @Test("Every preset keeps the rules of its own task, and loses no operation")
    func presets() throws {
        for (policy, task) in [(AugmentationPolicy.digits, ImageTask.digits), (.ocr, .ocr), (.natural, .natural)] {
            #expect(try policy.checked(for: task) == policy)
            #expect(policy.steps.count >= 3)
        }
    }

    @Test("A flip of text is refused by name, with the rule and the reason")
    func flip() {
        let policy = AugmentationPolicy {
            Affine(rotate: -5...5)
            OneOf { HorizontalFlip().probability(0.01) }
        }
        let findings = policy.lint(for: .ocr)
        #expect(findings.count == 1)
        #expect(findings.first?.place == "operations[1].of[0]" && findings.first?.rule == "no horizontalFlip")
        let error = #expect(throws: FormatError.self) { try policy.checked(for: .ocr, file: "policy.json") }
        #expect(
            error?.description
                == "policy.json: operations[1].of[0]: horizontalFlip found, for ocr: no horizontalFlip "
                + "(a mirrored letter is no letter, or another one: b and d, p and q) expected")
    }

    @Test("Each operation that breaks glyphs is refused for text")
    func ocr() {
        let broken: [any PolicyElement] = [
            VerticalFlip(), MixUp(alpha: 0.2), Affine(rotate: -11...0), Affine(shear: 0...16), Affine(scale: 0.5...1),
            Affine(translate: 0.2), RandomResizedCrop(), Cutout(size: 0.2), GaussianNoise(standardDeviation: 0.3),
            BrightnessContrast(brightness: 0, contrast: 0.9),
        ]
        for element in broken {
            #expect(AugmentationPolicy { element.step }.lint(for: .ocr).count == 1, "\(element)")
            #expect(AugmentationPolicy { element.step.probability(0) }.lint(for: .ocr).isEmpty)
        }
        #expect(AugmentationPolicy { Affine(rotate: -10...10, shear: -15...15) }.lint(for: .ocr).isEmpty)
    }

    @Test("Digits bear 45°, not more: a 6 would be a 9; strength that widens a sound policy too far is found")
    func digits() {
        #expect(AugmentationPolicy { Affine(rotate: -45...45) }.lint(for: .digits).isEmpty)
        let findings = AugmentationPolicy { Affine(rotate: -46...10) }.lint(for: .digits)
        #expect(findings.map(\.rule) == ["rotate within ±45°"] && findings[0].reason.contains("9"))
        #expect(AugmentationPolicy { HorizontalFlip() }.lint(for: .digits).count == 1)
        #expect(!AugmentationPolicy.digits.scaled(by: 2).lint(for: .digits).isEmpty)
    }

    @Test("Rotations that are each small enough add up, but not across a choice")
    func together() {
        let turn = Affine(rotate: -6...6)
        let both = AugmentationPolicy {
            turn
            turn
        }
        #expect(both.lint(for: .ocr).map(\.place) == ["operations"])
        #expect(both.lint(for: .ocr).first?.found == "all together can rotate by 12°")
        let either = AugmentationPolicy {
            OneOf {
                turn
                turn
            }
        }
        #expect(either.lint(for: .ocr).isEmpty)
    }
}
