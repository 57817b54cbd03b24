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
