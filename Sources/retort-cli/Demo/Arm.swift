import Retort

/// The ways of training that the demo compares, in the order of its table.
enum Arm: String, CaseIterable {
    case teacher
    case student
    case studentAugmentation = "student+augmentation"
    case distilled
    case distilledAugmentation = "distilled+augmentation"
    case closedLoop = "closed-loop"
    case closedLoopUnlabelled = "closed-loop+unlabelled"
    case int8

    /// The arms that train a student.
    static let students: [Arm] = [
        .student, .studentAugmentation, .distilled, .distilledAugmentation, .closedLoop, .closedLoopUnlabelled,
    ]

    /// Width of the arm's ConvNet.
    var width: Int { self == .teacher ? 32 : 16 }

    /// Whether images go through the augmentation policy.
    var isAugmented: Bool { self != .student && self != .distilled }

    /// Whether validation results steer sampling and strength.
    var isClosedLoop: Bool { self == .closedLoop || self == .closedLoopUnlabelled }

    /// Whether the teacher judges views, and probes steer operations.
    var isJudged: Bool { self == .closedLoop }
}
