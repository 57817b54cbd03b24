import ArgumentParser
import Retort

/// The ways of training that the experiment compares, in the order of its tables.
enum SynergyArm: String, CaseIterable, Codable, ExpressibleByArgument {
    case ce
    case augmentation = "aug"
    case distillation = "kd"
    case both
    case dynamic
    case scheduled
    case steered
    case judged
    case hierarchical
    case unlabelled
    case all

    /// What the closed loop consists of, one by one.
    static let partsOfDynamic: [SynergyArm] = [.scheduled, .steered, .judged]

    /// The four that an interaction is computed from.
    static let core: [SynergyArm] = [.ce, .augmentation, .distillation, .both]

    /// As tables have it.
    var title: String {
        switch self {
        case .ce: "CE"
        case .augmentation: "+Aug"
        case .distillation: "+KD"
        case .both: "both"
        case .dynamic: "+dynamic"
        case .scheduled: "+schedules"
        case .steered: "+steering"
        case .judged: "+judging"
        case .hierarchical: "+hierarchical"
        case .unlabelled: "+unlabelled"
        case .all: "all"
        }
    }

    var method: TrainingMethod {
        switch self {
        case .ce: []
        case .augmentation: .augmentation
        case .distillation: .distillation
        case .both: Self.pair
        case .dynamic: Self.pair.union([.closedLoop, .judged])
        case .scheduled: Self.pair.union(.scheduled)
        case .steered: Self.pair.union(.steered)
        case .judged: Self.pair.union(.judged)
        case .hierarchical: Self.pair.union(.hints)
        case .unlabelled: Self.pair.union(.unlabelled)
        case .all: Self.pair.union([.closedLoop, .judged, .hints, .unlabelled])
        }
    }

    private static let pair: TrainingMethod = [.augmentation, .distillation]
}
