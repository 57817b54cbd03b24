import Retort
import Yams

/// A number over a run: `4`, `3:1` from 3 to 1 in the option's own shape, or any schedule as YAML,
/// `{schedule: step, from: 4, factor: 0.5, at: [0.3, 0.6]}`.
struct ScheduleOption: RecipeValue, CustomStringConvertible, Equatable {
    private enum Content {
        case ramp(from: Float, to: Float)
        case schedule(Schedule)
    }

    private let content: Content
    let node: Node

    /// The same number throughout.
    init(_ value: Float) {
        content = .ramp(from: value, to: value)
        node = Node("\(value)")
    }

    init(_ value: RecipeNode) throws {
        node = value.node
        guard value.isScalar else {
            // `3:` and `3: 1` are mappings to YAML.
            if let key = value.node.mapping?.first?.key.string, Float(key) != nil {
                throw value.error("'\(key):' without a number right after it found, FROM:TO such as \(key):1 expected")
            }
            content = .schedule(try value.decoded(as: Schedule.Description.self).schedule)
            return
        }
        let ends = (value.node.string ?? "").split(separator: ":", omittingEmptySubsequences: false).map { Float($0) }
        guard (1...2).contains(ends.count), let from = ends.first ?? nil, let to = ends.last ?? nil else {
            throw value.error(expected: "a number, FROM:TO or a schedule")
        }
        content = .ramp(from: from, to: to)
    }

    /// The schedule, with the option's own shape between two numbers.
    func schedule(_ shape: (Float, Float) -> Schedule) -> Schedule {
        switch content {
        case .ramp(let from, let to): from == to ? .constant(from) : shape(from, to)
        case .schedule(let schedule): schedule
        }
    }

    /// Values between which all of it lies, for a check of the range.
    var extremes: [Float] { schedule { .linear(from: $0, to: $1) }.extremes }

    static func == (left: ScheduleOption, right: ScheduleOption) -> Bool { left.description == right.description }

    var description: String {
        switch content {
        case .ramp(let from, let to): from == to ? "\(from)" : "\(from):\(to)"
        case .schedule(let schedule): "\(schedule)"
        }
    }
}
