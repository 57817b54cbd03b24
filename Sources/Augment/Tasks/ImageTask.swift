/// What images are read for: the rules that a policy is checked against.
///
/// Not called `Task`, which is Swift's own.
public enum ImageTask: String, Sendable, Hashable, Codable, CaseIterable {
    /// Single digits.
    case digits
    /// Text, in lines or single glyphs.
    case ocr
    /// Photographs of objects and scenes.
    case natural
}

/// One thing that a policy does and that a task does not bear.
public struct LintFinding: Sendable, Hashable, CustomStringConvertible {
    /// Where it stands in the policy, as in its JSON: `operations[2].of[0]`.
    public let place: String
    /// The operation, and what of it is wrong: `affine rotates by up to 30°`.
    public let found: String
    /// The rule that it breaks: `rotation within ±10°`.
    public let rule: String
    /// Why there is such a rule.
    public let reason: String

    public var description: String { "\(place): \(found), but the rule is \(rule): \(reason)" }
}

/// One rule of a task.
struct TaskRule {
    let text: String
    let reason: String
    /// What an operation does against the rule; nil if it keeps it.
    let breach: (any AugmentationOperation) -> String?
}

extension TaskRule {
    /// Refuses operations of a type.
    static func no<Operation: AugmentationOperation>(
        _ type: Operation.Type, _ reason: String
    ) -> TaskRule {
        TaskRule(text: "no \(type.name)", reason: reason) { $0 is Operation ? type.name : nil }
    }

    /// Bounds one figure of the operations of a type.
    static func limit<Operation: AugmentationOperation>(
        _ type: Operation.Type, _ text: String, _ reason: String, breach: @escaping (Operation) -> String?
    ) -> TaskRule {
        TaskRule(text: text, reason: reason) { operation in
            (operation as? Operation).flatMap(breach).map { "\(type.name) \($0)" }
        }
    }

    static func scale(_ range: ClosedRange<Double>, _ reason: String) -> TaskRule {
        limit(Affine.self, "scale within \(range.text)", reason) {
            $0.scale.lowerBound < range.lowerBound || $0.scale.upperBound > range.upperBound
                ? "scales by \($0.scale.text)" : nil
        }
    }

    static func shift(_ share: Double, _ reason: String) -> TaskRule {
        limit(Affine.self, "shifts of \(share) of a side at most", reason) {
            $0.translate > share ? "shifts by up to \($0.translate) of a side" : nil
        }
    }

    static func crop(_ area: Double, _ reason: String) -> TaskRule {
        limit(RandomResizedCrop.self, "crops of \(area) of the area at least", reason) {
            $0.area.lowerBound < area ? "keeps as little as \($0.area.lowerBound) of the area" : nil
        }
    }

    static func cutout(_ size: Double, _ reason: String) -> TaskRule {
        limit(Cutout.self, "squares of \(size) of a side at most", reason) {
            $0.size > size ? "covers a square of \($0.size) of a side" : nil
        }
    }

    static func translation(_ share: Double, _ reason: String) -> TaskRule {
        limit(Translate.self, "shifts of \(share) of a side at most", reason) {
            let most = [$0.right, $0.down].map { max(-$0.lowerBound, $0.upperBound) }.max() ?? 0
            return most > share ? "shifts by up to \(most) of a side" : nil
        }
    }

    static func sides(_ share: Double, _ reason: String) -> TaskRule {
        limit(Crop.self, "crops of \(share) of a side at least", reason) {
            $0.side.lowerBound < share ? "keeps as little as \($0.side.lowerBound) of a side" : nil
        }
    }

    static func perspective(_ distortion: Double, _ reason: String) -> TaskRule {
        limit(Perspective.self, "distortion of \(distortion) at most", reason) {
            $0.distortion > distortion ? "has distortion \($0.distortion)" : nil
        }
    }

    static func elastic(_ displacement: Double, _ reason: String) -> TaskRule {
        limit(ElasticDeformation.self, "displacement of \(displacement) of a side at most", reason) {
            $0.displacement > displacement ? "moves pixels by \($0.displacement) of a side" : nil
        }
    }

    static func noise(_ deviation: Double, _ reason: String) -> TaskRule {
        limit(GaussianNoise.self, "noise of deviation \(deviation) at most", reason) {
            $0.standardDeviation > deviation ? "has deviation \($0.standardDeviation)" : nil
        }
    }
}

extension ImageTask {
    /// The largest angles that a whole policy may turn and shear an image by, in degrees, and why.
    var angles: (rotation: Double, shear: Double, reason: String) {
        switch self {
        case .digits: (45, 30, "a 6 turned or sheared too far is a 9, a 1 a 7")
        case .ocr: (10, 15, "lines of text are level and letters upright; past that l, / and 1, N and Z change places")
        case .natural: (45, 45, "scenes have a horizon, and objects stand on the ground")
        }
    }

    /// What the task demands of single operations.
    var rules: [TaskRule] {
        let grey = TaskRule.limit(
            BrightnessContrast.self, "contrast of 0.8 at most", "less than a fifth of the contrast is left otherwise"
        ) { $0.contrast > 0.8 ? "takes away up to \($0.contrast) of the contrast" : nil }
        switch self {
        case .digits:
            return [
                .no(Turn.self, "a digit on its side is no digit, and a 6 upside down is a 9"),
                .translation(0.35, "the digit leaves the frame"),
                .sides(0.7, "what is cut off may be what tells 3 from 8"),
                .perspective(0.4, "strokes at the far side run together"),
                .elastic(0.08, "strokes that bend this far make another digit"),
                .no(HorizontalFlip.self, "a mirrored digit is no digit, or another one: 2 and 5"),
                .no(VerticalFlip.self, "a digit upside down is no digit, or another one: 6 and 9"),
                .scale(0.4...1.6, "smaller strokes vanish, larger digits leave the frame"),
                .shift(0.35, "the digit leaves the frame"),
                .crop(0.5, "what is cut off may be what tells 3 from 8"),
                .cutout(0.5, "what is covered may be what tells 3 from 8"),
                .noise(0.4, "strokes drown"), grey,
            ]
        case .ocr:
            return [
                .no(Turn.self, "lines of text are level, and an upside-down u is an n"),
                .translation(0.1, "glyphs at the edge are cut off, and the label still names them"),
                .sides(0.95, "glyphs at the edge are cut off, and the label still names them"),
                .perspective(0.2, "glyphs at the far side become too small to read"),
                .elastic(0.03, "strokes that bend this far make other glyphs"),
                .no(HorizontalFlip.self, "a mirrored letter is no letter, or another one: b and d, p and q"),
                .no(VerticalFlip.self, "a letter upside down is no letter, or another one: b and p, n and u"),
                .no(MixUp.self, "two texts over one another read as neither, and half a label is no text"),
                .scale(0.7...1.3, "smaller strokes vanish, larger text leaves the frame"),
                .shift(0.1, "glyphs at the edge are cut off, and the label still names them"),
                .crop(0.9, "glyphs at the edge are cut off, and the label still names them"),
                .cutout(0.1, "the square swallows whole glyphs, and the label still names them"),
                .noise(0.2, "thin strokes and dots drown"), grey,
            ]
        case .natural:
            return [
                .no(Turn.self, "photographs are not taken upside down or on their side"),
                .sides(0.22, "the crop may not show the object at all"),
                .no(VerticalFlip.self, "photographs are not taken upside down"),
                .scale(0.4...2.5, "the object becomes a dot, or leaves the frame"),
                .crop(0.05, "the crop may not show the object at all"),
                .cutout(0.7, "the square may cover the object wholly"),
                .noise(0.4, "textures drown"), grey,
            ]
        }
    }
}
