import Retort
import Yams

/// A number over a run: `4`, `3:1` from 3 to 1 in the option's own shape, or any schedule as YAML,
/// `{schedule: step, from: 4, factor: 0.5, at: [0.3, 0.6]}`.
struct ScheduleOption: RecipeValue, CustomStringConvertible {
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
            content = .schedule(try Schedule(value))
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
    var extremes: [Float] {
        let schedule = schedule { .linear(from: $0, to: $1) }
        return [Float(0), 1].map { schedule.value(at: $0) } + schedule.inner
    }

    var description: String {
        switch content {
        case .ramp(let from, let to): from == to ? "\(from)" : "\(from):\(to)"
        case .schedule(let schedule): "\(schedule)"
        }
    }
}

extension Schedule {
    /// What it reaches between its ends and may be beyond both: one that steps, or falls after a warm-up.
    fileprivate var inner: [Float] {
        switch self {
        case .step(_, _, let places): places.map { value(at: $0) }
        case .warmUp(_, let then), .stairs(let then, _): [then.value(at: 0)] + then.inner
        case .constant, .linear, .cosine, .exponential, .function: []
        }
    }

    /// Reads `{schedule: NAME, …}`.
    fileprivate init(_ value: RecipeNode) throws {
        let shapes: [(name: String, value: [String])] = [
            ("constant", ["value"]), ("linear", ["from", "to"]), ("cosine", ["from", "to"]),
            ("exponential", ["from", "to"]), ("step", ["from", "factor", "at"]), ("warm-up", ["share", "then"]),
            ("stairs", ["of", "parts"]),
        ]
        let what = "a number, FROM:TO or a schedule"
        let named = try value.member("schedule", of: what)
        let keys = try named.choice(of: shapes)
        _ = try value.members(["schedule"] + keys, of: what)
        func member(_ key: String) throws -> RecipeNode { try value.member(key, of: what) }
        func number(_ key: String) throws -> Float { Float(try member(key).number()) }
        switch named.node.string {
        case "linear": self = .linear(from: try number("from"), to: try number("to"))
        case "cosine": self = .cosine(from: try number("from"), to: try number("to"))
        case "exponential":
            for key in keys where try number(key) <= 0 { throw try member(key).error(expected: "a number above 0") }
            self = .exponential(from: try number("from"), to: try number("to"))
        case "step":
            let places = try member("at").elements(of: "a list of shares of the run").map { place in
                let share = try place.number()
                guard (0...1).contains(share) else { throw place.error(expected: "a share of the run, 0 to 1") }
                return Float(share)
            }
            self = .step(from: try number("from"), factor: try number("factor"), at: places)
        case "warm-up":
            guard try (0..<1).contains(number("share")) else {
                throw try member("share").error(expected: "a share of the run, 0 to less than 1")
            }
            self = .warmUp(try number("share"), then: try Schedule(member("then")))
        case "stairs":
            let parts = try member("parts").number()
            guard let count = Int(exactly: parts), count > 0 else {
                throw try member("parts").error(expected: "a whole number, 1 or more")
            }
            self = .stairs(try Schedule(member("of")), parts: count)
        default: self = .constant(try number("value"))
        }
    }
}
