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
    case pruned
    case prunedInt8 = "pruned+int8"

    /// The arms that train a student.
    static let students: [Arm] = [
        .student, .studentAugmentation, .distilled, .distilledAugmentation, .closedLoop, .closedLoopUnlabelled,
    ]

    /// Width of the arm's ConvNet.
    var width: Int { self == .teacher ? 32 : 16 }

    /// How it is trained; for a smaller form of the best student see there.
    var method: TrainingMethod {
        switch self {
        case .student, .int8, .pruned, .prunedInt8: []
        case .teacher, .studentAugmentation: .augmentation
        case .distilled: .distillation
        case .distilledAugmentation: [.augmentation, .distillation]
        case .closedLoop: [.augmentation, .distillation, .closedLoop, .judged]
        case .closedLoopUnlabelled: [.augmentation, .distillation, .closedLoop, .unlabelled]
        }
    }
}
