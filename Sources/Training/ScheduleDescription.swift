import TensorCore

extension Schedule {
    /// A schedule as a recipe has it: a number, or a mapping such as `{schedule: step, from: 4, factor: 0.5, at: [0.3,
    /// 0.6]}`.
    ///
    /// Shapes are `constant` (value), `linear`, `cosine` and `exponential` (from, to), `step` (from, factor, at),
    /// `warm-up` (share, then) and `stairs` (of, parts).
    public struct Description: Decodable {
        /// What is described.
        public let schedule: Schedule

        private struct Shape {
            let keys: [String]
            let read: (StrictMapping) throws -> Schedule
        }

        private static var shapes: [(name: String, value: Shape)] {
            [
                ("constant", Shape(keys: ["value"]) { .constant(try $0.value("value")) }),
                (
                    "linear",
                    Shape(keys: ["from", "to"]) { .linear(from: try $0.value("from"), to: try $0.value("to")) }
                ),
                (
                    "cosine",
                    Shape(keys: ["from", "to"]) { .cosine(from: try $0.value("from"), to: try $0.value("to")) }
                ),
                ("exponential", Shape(keys: ["from", "to"], read: exponential)),
                ("step", Shape(keys: ["from", "factor", "at"], read: step)),
                ("warm-up", Shape(keys: ["share", "then"], read: warmUp)),
                ("stairs", Shape(keys: ["of", "parts"], read: stairs)),
            ]
        }

        /// Reads a description.
        ///
        /// - Throws: `ConfigurationError` for an unknown shape or key and a number out of range, `DecodingError` for a
        ///   value that is missing or of another type.
        public init(from decoder: any Decoder) throws {
            if let value = try? decoder.singleValueContainer().decode(Float.self) {
                schedule = .constant(value)
                return
            }
            let values = try StrictMapping(decoder)
            let shape = try values.choice("schedule", of: Self.shapes)
            try values.check(["schedule"] + shape.keys)
            schedule = try shape.read(values)
        }

        private static func exponential(_ values: StrictMapping) throws -> Schedule {
            func end(_ key: String) throws -> Float {
                let value: Float = try values.value(key)
                guard value > 0 else { throw values.fault(key, "\(value) is not a number above 0") }
                return value
            }
            return .exponential(from: try end("from"), to: try end("to"))
        }

        private static func step(_ values: StrictMapping) throws -> Schedule {
            let places: [Float] = try values.value("at")
            for (index, share) in places.enumerated() where !(0...1).contains(share) {
                var error = values.fault("at", "\(share) is not a share of the run, 0 to 1")
                error.path.append(.index(index))
                throw error
            }
            return .step(from: try values.value("from"), factor: try values.value("factor"), at: places)
        }

        private static func warmUp(_ values: StrictMapping) throws -> Schedule {
            let share: Float = try values.value("share")
            guard (0..<1).contains(share) else {
                throw values.fault("share", "\(share) is not a share of the run, 0 to less than 1")
            }
            return .warmUp(share, then: try values.value("then", as: Description.self).schedule)
        }

        private static func stairs(_ values: StrictMapping) throws -> Schedule {
            let parts: Int = try values.value("parts")
            guard parts > 0 else { throw values.fault("parts", "\(parts) is not a whole number, 1 or more") }
            return .stairs(try values.value("of", as: Description.self).schedule, parts: parts)
        }
    }

    /// Values between which all of the schedule lies, for a check of a range; those of a function at 65 points.
    public var extremes: [Float] { [value(at: 0), value(at: 1)] + inner }

    /// What it reaches between its ends and may be beyond both: one that steps, or falls after a warm-up.
    private var inner: [Float] {
        switch self {
        case .step(let from, let factor, let places): Self.steps(from, factor, places.sorted())
        case .warmUp(_, let then), .stairs(let then, _): [then.value(at: 0)] + then.inner
        case .function: (0...64).map { value(at: Float($0) / 64) }
        case .constant, .linear, .cosine, .exponential: []
        }
    }

    /// The values after each of ascending places; of places that coincide, after the last of them.
    private static func steps(_ from: Float, _ factor: Float, _ places: [Float]) -> [Float] {
        var value = from
        return places.indices.compactMap { index in
            value *= factor
            return index + 1 < places.count && places[index + 1] == places[index] ? nil : value
        }
    }
}
