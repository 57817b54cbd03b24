import Foundation
import TensorCore

/// A number that changes over a run: a learning rate, a temperature, the weight of the hard labels.
///
/// A value of the run's progress, so the same schedule serves short and long runs, and a resumed run continues it; none
/// can be shorter than its run.
public indirect enum Schedule: Hashable, Sendable, Codable {
    /// The same throughout.
    case constant(Float)
    /// In a straight line.
    case linear(from: Float, to: Float)
    /// Half a period of a cosine (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
    case cosine(from: Float, to: Float)
    /// By the same factor in each step; both ends positive.
    case exponential(from: Float, to: Float)
    /// Times `factor` at each of the given shares of the run.
    case step(from: Float, factor: Float, at: [Float])
    /// In a straight line from 0 over the first share of the run, then the other schedule over the rest.
    case warmUp(Float, then: Schedule)
    /// Another schedule, held over each of `parts` equal parts of the run at its value where the part begins: as many
    /// as the run has epochs for one value an epoch.
    case stairs(Schedule, parts: Int)
    /// A function of the program's own; see ``custom(_:_:)``.
    case function(ScheduleFunction)

    /// A schedule of one's own: `.custom("triangle") { 1 - abs(2 * $0 - 1) }`.
    ///
    /// - Parameters:
    ///   - name: by which checkpoints know it again, beside its values at 65 points of the run.
    ///   - value: from the share of the steps that are done, 0 ... 1, to the number.
    public static func custom(_ name: String, _ value: @escaping @Sendable (_ progress: Float) -> Float) -> Schedule {
        .function(ScheduleFunction(name: name, body: value))
    }

    /// The value at a point of the run.
    ///
    /// - Parameter progress: the share of the steps that are done, 0 ... 1.
    public func value(at progress: Float) -> Float {
        require(progress >= 0 && progress <= 1, "Schedule: progress \(progress), 0 ... 1 expected")
        switch self {
        case .constant(let value): return value
        case .linear(let from, let to): return Self.blend(from, to, share: 1 - Double(progress))
        case .cosine(let from, let to):
            return Self.blend(from, to, share: 0.5 * (1 + cos(Double.pi * Double(progress))))
        case .exponential(let from, let to):
            require(from > 0 && to > 0, "Schedule.exponential: \(from) to \(to), both above 0 expected")
            return Float(Double(from) * pow(Double(to) / Double(from), Double(progress)))
        case .step(let from, let factor, let places):
            return places.reduce(from) { progress >= $1 ? $0 * factor : $0 }
        case .warmUp(let share, let then):
            require(share >= 0 && share < 1, "Schedule.warmUp: share \(share), 0 ..< 1 expected")
            return progress < share
                ? then.value(at: 0) * progress / share : then.value(at: min(1, (progress - share) / (1 - share)))
        case .stairs(let schedule, let parts):
            require(parts > 0, "Schedule.stairs: \(parts) parts, 1 or more expected")
            // A share k / parts that was rounded down still begins part k.
            let part = min(Double(parts - 1), (Double(progress.nextUp) * Double(parts)).rounded(.down))
            return schedule.value(at: Float(part / Double(parts)))
        case .function(let function): return function.body(progress)
        }
    }

    /// share · from + (1 − share) · to, never outside the two: a weight that ends at 1 must not come out above it.
    private static func blend(_ from: Float, _ to: Float, share: Double) -> Float {
        Float(Double(from) * share + Double(to) * (1 - share))
    }
}

/// A function of the run's progress, which is known again by its name and its values at 65 points.
public struct ScheduleFunction: Hashable, Sendable, Codable {
    private enum CodingKeys: CodingKey { case name, values }

    let name: String
    let body: @Sendable (Float) -> Float

    private var values: [Float] { (0...64).map { body(Float($0) / 64) } }

    init(name: String, body: @escaping @Sendable (Float) -> Float) {
        self.name = name
        self.body = body
    }

    public static func == (left: Self, right: Self) -> Bool { left.name == right.name && left.values == right.values }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(values, forKey: .values)
    }

    /// - Throws: `DecodingError` always: a file does not hold the function.
    public init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            .init(codingPath: decoder.codingPath, debugDescription: "a schedule that is a program's own function"))
    }
}
