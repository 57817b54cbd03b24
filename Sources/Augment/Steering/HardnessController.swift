import Datasets
import TensorCore

/// Makes the geometric transforms of hard samples stronger, or weaker, by a running mean of each sample's training
/// loss.
///
/// Samples are ranked by that mean, so the scale of the loss and its outliers do not matter. Stronger and weaker: those
/// up to the middle rank keep strength 1; from there it changes evenly to the limit, which the hardest has, and a
/// sample that was not seen yet has strength 1. Curriculum: all begin with the same strength, and hard samples leave it
/// last.
public struct HardnessController: DataController, Hashable, SteeringSettings {
    /// What hardness does to a sample's strength.
    public enum Effect: Sendable, Hashable, Codable {
        /// Up to this factor, 1 or more: variety where the model has not learnt enough.
        case stronger(upTo: Float)
        /// Down to this factor, in 0 ... 1: relief for samples that may be hard because they are distorted.
        case weaker(downTo: Float)
        /// From one factor to another, both 0 or more, over so many epochs: a sample changes evenly within half of
        /// them, the easiest in the first half, the hardest in the second (easy ones first: Bengio et al. 2009,
        /// "Curriculum learning"). One that was not seen yet counts as of the middle rank.
        case curriculum(from: Float, to: Float, epochs: Int)

        /// The factor for a sample.
        ///
        /// - Parameters:
        ///   - rank: from 0, the easiest, to 1.
        ///   - epoch: epochs that are done.
        func strength(rank: Float, epoch: Int) -> Float {
            switch self {
            case .stronger(let limit), .weaker(let limit): 1 + (limit - 1) * max(0, 2 * rank - 1)
            case .curriculum(let first, let last, let epochs):
                first + (last - first) * min(max(2 * Float(epoch) / Float(epochs) - rank, 0), 1)
            }
        }
    }

    /// What hardness does.
    public let effect: Effect
    /// The weight of the older losses in the running mean, in 0 ..< 1.
    public let momentum: Float
    private var losses: [Int: Float] = [:]
    private var strengths: [Int: Float] = [:]
    /// Epochs that are done.
    private var epochs = 0

    /// Creates a controller that has seen nothing.
    public init(_ effect: Effect, momentum: Float = 0.7) {
        self.init(unchecked: effect, momentum: momentum)
        requireSettings()
    }

    init(unchecked effect: Effect, momentum: Float) {
        self.effect = effect
        self.momentum = momentum
    }

    var mismatch: Mismatch? {
        let isEffect =
            switch effect {
            case .stronger(let limit): limit >= 1 && limit.isFinite
            case .weaker(let limit): limit >= 0 && limit <= 1
            case .curriculum(let first, let last, let epochs):
                first >= 0 && last >= 0 && first.isFinite && last.isFinite && epochs >= 1
            }
        return isEffect && momentum >= 0 && momentum < 1
            ? nil
            : Mismatch(
                found: "\(effect), momentum \(momentum)",
                expected:
                    "stronger up to 1 or more, weaker down to 0…1 or a curriculum of 0 or more over 1 epoch or more, "
                    + "momentum within 0..<1")
    }

    public mutating func trained(epoch: Int, sampleLosses: [Int: Float]) {
        for (id, loss) in sampleLosses where loss.isFinite {
            losses[id] = losses[id].map { momentum * $0 + (1 - momentum) * loss } ?? loss
        }
        epochs = epoch + 1
        rank()
    }

    public func strength(forSample id: Int) -> Float {
        strengths[id] ?? effect.strength(rank: 0.5, epoch: epochs)
    }

    /// Equal losses are ranked by id, so that the result is one whatever the dictionary's order.
    private mutating func rank() {
        let ranked = losses.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (rank, (id, _)) in ranked.enumerated() {
            let share = ranked.count > 1 ? Float(rank) / Float(ranked.count - 1) : 0
            strengths[id] = effect.strength(rank: share, epoch: epochs)
        }
    }
}

extension HardnessController: Codable {
    // Arrays in the order of the ids: the same state is the same bytes in a checkpoint.
    private enum CodingKeys: String, CodingKey { case effect, momentum, epochs, samples, losses }

    /// - Throws: `FormatError` for what no controller could have written.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        effect = try container.decode(Effect.self, forKey: .effect)
        momentum = try container.decode(Float.self, forKey: .momentum)
        try checkSettings()
        epochs = try container.decode(Int.self, forKey: .epochs)
        let samples = try container.decode([Int].self, forKey: .samples)
        let values = try container.decode([Float].self, forKey: .losses)
        guard (0..<1 << 40).contains(epochs) else {
            throw Self.error(place: "epochs", found: "\(epochs)", expected: "the number of those that are done")
        }
        guard samples.count == values.count, Set(samples).count == samples.count,
            values.allSatisfy({ !$0.isNaN })
        else {
            throw Self.error(
                place: "losses",
                found: "\(values.count.counted("loss", "losses")) of \(samples.count.counted("sample"))",
                expected: "one for each")
        }
        losses = Dictionary(uniqueKeysWithValues: zip(samples, values))
        rank()
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let sorted = losses.sorted { $0.key < $1.key }
        try container.encode(effect, forKey: .effect)
        try container.encode(momentum, forKey: .momentum)
        try container.encode(epochs, forKey: .epochs)
        try container.encode(sorted.map(\.key), forKey: .samples)
        try container.encode(sorted.map(\.value), forKey: .losses)
    }
}
