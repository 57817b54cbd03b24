import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Rules of a task")
struct LintTests {
    @Test("Every preset keeps the rules of its own task, and loses no operation")
    func presets() throws {
        let presets: [(AugmentationPolicy, ImageTask)] = [
            (.digits, .digits), (.ocr, .ocr), (.natural, .natural), (.driving, .driving), (.medical, .medical),
        ]
        #expect(Set(presets.map(\.1)) == Set(ImageTask.allCases))
        for (policy, task) in presets {
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

    @Test("What each task does not bear is found once, with the operation's name")
    func pixels() {
        let broken: [(ImageTask, any PolicyElement, String)] = [
            (.driving, HorizontalFlip(), "horizontalFlip"), (.driving, Hue(-20...5), "hue turns hues by up to 20°"),
            (.driving, ChannelPermutation(), "channelPermutation"), (.driving, Invert(), "invert"),
            (.driving, Defocus(radius: 1...10), "defocus spreads points by a deviation of up to 5 pixels"),
            (.medical, CutMix(alpha: 1), "cutMix"), (.medical, Rain(severity: 1...1), "rain"),
            (.medical, Posterise(bits: 4...8), "posterise"), (.medical, GaussianBlur(sigma: 0...2), "gaussianBlur"),
            (.medical, HorizontalFlip(), "horizontalFlip"), (.ocr, GridMask(cover: 0.1), "gridMask"),
            (.ocr, MotionBlur(length: 1...12), "motionBlur"), (.ocr, Snow(severity: 1...2), "snow"),
            (.digits, Mosaic(), "mosaic"), (.digits, RandomErasing(), "randomErasing covers up to 0.4"),
            (.natural, SaltAndPepper(amount: 0.6), "saltAndPepper replaces 0.6"),
            (.natural, GridMask(cover: 0.8), "gridMask covers 0.8"),
        ]
        for (task, element, text) in broken {
            let findings = AugmentationPolicy { element.step }.lint(for: task)
            #expect(findings.count == 1 && findings[0].found.hasPrefix(text), "\(task): \(findings)")
            #expect(AugmentationPolicy { element.step.probability(0) }.lint(for: task).isEmpty)
        }
        #expect(AugmentationPolicy { Defocus(radius: 1...8) }.lint(for: .driving).isEmpty)
        #expect(AugmentationPolicy { Hue(-180...180) }.lint(for: .natural).isEmpty)
    }

    @Test("Every ready policy is found by its name, and by a leading dot where any transform is expected")
    func names() {
        let transforms: [(name: String, transform: any BatchTransform)] = [
            ("digits", .digits), ("ocr", .ocr), ("natural", .natural), ("driving", .driving), ("medical", .medical),
            ("randAugment", .randAugment()), ("trivialAugment", .trivialAugment),
            ("autoAugmentCIFAR", .autoAugmentCIFAR),
        ]
        #expect(AugmentationPolicy.allNames == transforms.map(\.name))
        for (name, transform) in transforms {
            #expect(AugmentationPolicy.named(name) == transform as? AugmentationPolicy, "\(name)")
        }
        #expect(Set(transforms.compactMap { $0.transform as? AugmentationPolicy }).count == transforms.count)
        #expect(AugmentationPolicy.named("Digits") == nil && AugmentationPolicy.named("none") == nil)
    }
}
