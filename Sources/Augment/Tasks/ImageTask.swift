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
    /// What a car sees: traffic, signs, lights.
    case driving
    /// Medical images: X-rays, tomographs, microscopy.
    case medical
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

    /// What an operation, or one of those that it consists of, does against the rule.
    func breach(in operation: any AugmentationOperation) -> String? {
        if let found = breach(operation) { return found }
        return operation.constituents.lazy.compactMap(breach).first.map { "\(type(of: operation).name): \($0)" }
    }
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
        case .driving: (10, 10, "the camera is fixed to the car and the road is level")
        case .medical: (15, 10, "patients are positioned, and shapes and angles are measured")
        }
    }
}
