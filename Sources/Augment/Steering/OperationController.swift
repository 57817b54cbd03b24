import Datasets
import Foundation
import TensorCore

/// Learns which operations still teach which classes something, and makes those more probable for their images.
///
/// After each validation the loop tries the model on *probes*: the validation images under one operation of the policy
/// alone, certainly done. Let p(c, o) be the share of class c that is classified correctly under operation o. What o
/// has to teach c is
///
/// ```text
/// p(c, o) · (1 − p(c, o)),
/// ```
///
/// the learnability of Tzannetos et al. 2023 (arXiv 2304.12877): nothing where the class is read anyway, and nothing
/// where it is never read, because the operation destroys what the label names. The operation's probability for images
/// of the class is multiplied by its learnability over the mean of all operations', within 1 / cap ... cap.
///
/// The bandit is discounted Thompson sampling (Raj and Kalyani 2017, arXiv 1707.09727): p(c, o) is drawn from Beta(1 +
/// right, 1 + wrong), counts fade with each validation, and those operations are probed next whose drawn learnability,
/// as the mean over the classes, is highest. So an operation that was not probed for long, or never, is probed again.
/// Draws are Philox's, keyed by (seed, validation, class, operation): the same run gives the same choices.
///
/// A class of which no probe has shown an image keeps factor 1.
public struct OperationController: Hashable, SteeringSettings {
    /// The policy whose operations are steered: the one that the run's transform has.
    public let policy: AugmentationPolicy
    /// What the draws depend on.
    public let seed: UInt64
    /// How many operations are probed after each validation; each costs as much as the validation itself.
    public let probesPerEpoch: Int
    /// The largest factor; the smallest is its inverse.
    public let cap: Double
    /// What remains of all counts after each validation, in 0 ... 1.
    public let memory: Double
    /// After each validation, the factors: by class, then by operation.
    public private(set) var history: [[[Double]]] = []
    /// Counts of images classified correctly and misclassified, faded: by class, then by operation.
    private var right: [[Double]] = []
    private var wrong: [[Double]] = []

    /// Creates a controller that knows nothing.
    public init(
        _ policy: AugmentationPolicy, seed: UInt64 = 0, probesPerEpoch: Int = 2, cap: Double = 2, memory: Double = 0.8
    ) {
        self.init(unchecked: policy, seed: seed, probesPerEpoch: probesPerEpoch, cap: cap, memory: memory)
        requireSettings()
    }

    init(unchecked policy: AugmentationPolicy, seed: UInt64, probesPerEpoch: Int, cap: Double, memory: Double) {
        self.policy = policy
        self.seed = seed
        self.probesPerEpoch = probesPerEpoch
        self.cap = cap
        self.memory = memory
    }

    var mismatch: Mismatch? {
        let isValid = probesPerEpoch >= 1 && cap >= 1 && cap.isFinite && memory >= 0 && memory <= 1
        return isValid
            ? nil
            : Mismatch(
                found: "\(probesPerEpoch) probes, cap \(cap), memory \(memory)",
                expected: "1 probe or more, cap 1 or more, memory within 0…1")
    }

    /// The share of each class that was classified correctly under each operation, by class and operation; nil where it
    /// was never probed.
    public var shares: [[Double?]] {
        zip(right, wrong).map { zip($0, $1).map { $0 + $1 > 0 ? $0 / ($0 + $1) : nil } }
    }

    /// p (1 − p) of one class and operation, with p drawn from what is known of it.
    private func drawnLearnability(_ label: Int, _ step: Int, for purpose: Int) -> Double {
        var random = Philox(
            seed: seed, epoch: history.count, sample: label * AugmentationStep.placeLimit + step, operation: purpose)
        let (right, wrong) = right.isEmpty ? (0, 0) : (right[label][step], wrong[label][step])
        let p = random.beta(1 + right, 1 + wrong)
        return p * (1 - p)
    }

    /// The places of the operations to probe next, ascending.
    private var chosen: [Int] {
        let classes = max(right.count, 1)
        let scores = policy.steps.indices.map { step in
            (0..<classes).reduce(0) { $0 + drawnLearnability($1, step, for: RandomPurpose.probes) }
        }
        return policy.steps.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(probesPerEpoch).sorted()
    }

    private func factors(forClass label: Int) -> [Double] {
        let isKnown = zip(right[label], wrong[label]).contains { $0 + $1 > 0 }
        guard isKnown else { return [Double](repeating: 1, count: policy.steps.count) }
        let scores = policy.steps.indices.map { drawnLearnability(label, $0, for: RandomPurpose.stepFactors) }
        let mean = scores.reduce(0, +) / Double(max(scores.count, 1))
        return scores.map { mean > 0 ? min(max($0 / mean, 1 / cap), cap) : 1 }
    }
}

extension OperationController: DataController {
    public var probes: [any BatchTransform] {
        chosen.map { place in
            var step = policy.steps[place]
            step.probability = 1
            return AugmentationPolicy(steps: [step])
        }
    }

    public mutating func probed(_ reports: [ClassReport]) {
        let chosen = chosen
        require(
            reports.count == chosen.count, "OperationController: \(reports.count) reports on \(chosen.count) probes")
        guard let classes = reports.first?.classCount else { return }
        let none = [[Double]](repeating: [Double](repeating: 0, count: policy.steps.count), count: classes)
        if right.isEmpty { (right, wrong) = (none, none) }
        require(
            right.count == classes, "OperationController: a report on \(classes) classes after one on \(right.count)")
        for label in 0..<classes {
            for step in policy.steps.indices {
                right[label][step] *= memory
                wrong[label][step] *= memory
            }
            for (report, step) in zip(reports, chosen) {
                right[label][step] += Double(report.classCorrect[label])
                wrong[label][step] += Double(report.classCounts[label] - report.classCorrect[label])
            }
        }
        history.append((0..<classes).map(factors))
    }

    public func stepFactors(forClass label: Int) -> [Double]? { history.last.map { $0[label] } }

    public func fits(classes: Int) -> Bool { right.isEmpty || right.count == classes }
}

extension Philox {
    /// A number from Beta(a, b), both positive: X / (X + Y) with X from Gamma(a, 1) and Y from Gamma(b, 1).
    mutating func beta(_ a: Double, _ b: Double) -> Double {
        let x = logarithmOfGamma(a)
        let y = logarithmOfGamma(b)
        return 1 / (1 + exp(y - x))
    }
}

extension OperationController: Codable {
    private enum CodingKeys: String, CodingKey {
        case policy, seed, probesPerEpoch, cap, memory, history, right, wrong
    }

    /// - Throws: `FormatError` for what no controller could have written.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        policy = try container.decode(AugmentationPolicy.self, forKey: .policy)
        seed = try container.decode(UInt64.self, forKey: .seed)
        probesPerEpoch = try container.decode(Int.self, forKey: .probesPerEpoch)
        cap = try container.decode(Double.self, forKey: .cap)
        memory = try container.decode(Double.self, forKey: .memory)
        history = try container.decode([[[Double]]].self, forKey: .history)
        right = try container.decode([[Double]].self, forKey: .right)
        wrong = try container.decode([[Double]].self, forKey: .wrong)
        try checkSettings()
        let counts = right + wrong
        guard right.count == wrong.count, counts.allSatisfy({ $0.count == policy.steps.count }),
            counts.joined().allSatisfy({ $0 >= 0 && $0 <= 1e15 }), history.isEmpty == right.isEmpty,
            history.allSatisfy({ $0.count == right.count && $0.allSatisfy { $0.count == policy.steps.count } }),
            history.joined().joined().allSatisfy({ $0 >= 0 && $0.isFinite })
        else {
            throw Self.error(
                place: "counts", found: "\(right.count) and \(wrong.count.counted("class", "classes"))",
                expected: "as many, with a count of 0 or more for each of \(policy.steps.count.counted("step"))")
        }
    }
}
