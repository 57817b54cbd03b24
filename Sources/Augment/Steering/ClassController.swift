import Datasets
import TensorCore

/// Draws classes that the model still gets wrong more often: while a class's validation accuracy is below the threshold
/// its relative probability rises by a fixed amount after each validation, and once it is above, the surplus decays. Or
/// by a class's validation loss, with above and below exchanged.
///
/// Between the threshold and a small margin beyond it nothing changes, so that a class at the threshold does not make
/// its probability swing. A class without validation images keeps its probability. While no class has a surplus the
/// controller leaves sampling alone; as soon as one has, classes are drawn by these probabilities whatever their sizes.
public struct ClassController: Hashable, SteeringSettings {
    /// What a class is judged by.
    public enum Measure: String, Sendable, Hashable, Codable {
        /// The share of its validation images that is classified correctly.
        case accuracy
        /// The mean cross-entropy of its validation images, in nats: sees doubt where accuracy sees none.
        case loss
    }

    /// What classes are judged by.
    public let measure: Measure
    /// The accuracy that every class should reach, in 0 ... 1, or the loss that none should exceed.
    public let threshold: Double
    /// What a class below the threshold gains after each validation; the probability of a class at rest is 1.
    public let step: Double
    /// The largest relative probability.
    public let cap: Double
    /// What remains of a class's surplus after each validation that finds it beyond threshold and margin, in 0 ..< 1.
    public let decay: Double
    /// How far above the threshold the accuracy, or below it the loss, must be for the surplus to decay.
    public let margin: Double
    /// After each validation, the probabilities of the classes, which sum to 1.
    public private(set) var history: [[Double]] = []
    private var weights: [Double] = []
    private var decisions: [ClassDecision] = []

    /// Creates a controller at rest.
    public init(
        by measure: Measure = .accuracy, threshold: Double = 0.9, step: Double = 0.5, cap: Double = 3,
        decay: Double = 0.5, margin: Double = 0.01
    ) {
        self.init(
            unchecked: measure, threshold: threshold, step: step, cap: cap, decay: decay, margin: margin)
        requireSettings()
    }

    init(
        unchecked measure: Measure, threshold: Double, step: Double, cap: Double, decay: Double, margin: Double
    ) {
        self.measure = measure
        self.threshold = threshold
        self.step = step
        self.cap = cap
        self.decay = decay
        self.margin = margin
    }

    var mismatch: Mismatch? {
        let isValid =
            threshold >= 0 && threshold <= (measure == .accuracy ? 1 : .greatestFiniteMagnitude) && step >= 0
            && step.isFinite && cap >= 1 && cap.isFinite && decay >= 0
            && decay < 1 && margin >= 0
        return isValid
            ? nil
            : Mismatch(
                found: "\(measure) threshold \(threshold), step \(step), cap \(cap), decay \(decay), margin \(margin)",
                expected:
                    "threshold within 0…1 or a loss of 0 or more, step 0 or more, cap 1 or more, decay within 0..<1, "
                    + "margin 0 or more"
            )
    }
}

extension ClassController: DataController {
    public mutating func validated(_ report: ClassReport) {
        let accuracies = report.classAccuracies
        if weights.isEmpty { weights = [Double](repeating: 1, count: accuracies.count) }
        require(
            weights.count == accuracies.count,
            "ClassController: a report on \(accuracies.count) classes after one on \(weights.count)")
        decisions = accuracies.enumerated().map { index, accuracy in
            let change = accuracy.map { adjust(index, accuracy: $0, loss: report.classLosses[index]) } ?? .held
            return ClassDecision(
                measure: measure.rawValue,
                found: measure == .loss ? accuracy.map { _ in report.classLosses[index] } : accuracy,
                threshold: threshold, change: change, weight: weights[index])
        }
        let total = weights.reduce(0, +)
        history.append(weights.map { $0 / total })
    }

    /// Raises a class's probability, lets its surplus decay, or neither.
    private mutating func adjust(_ index: Int, accuracy: Double, loss: Double) -> ClassDecision.Change {
        let (isBehind, isBeyond) =
            switch measure {
            case .accuracy: (accuracy < threshold, accuracy >= min(threshold + margin, 1))
            case .loss: (!(loss <= threshold), loss <= max(threshold - margin, 0))
            }
        let before = weights[index]
        if isBehind {
            weights[index] = min(before + step, cap)
        } else if isBeyond {
            let surplus = (before - 1) * decay
            weights[index] = surplus < 0.001 ? 1 : 1 + surplus
        }
        return weights[index] > before ? .raised : weights[index] < before ? .decayed : .held
    }

    public var classDecisions: [ClassDecision]? { decisions.isEmpty ? nil : decisions }

    public var classProbabilities: [Double]? { weights.contains { $0 != 1 } ? weights : nil }

    public func fits(classes: Int) -> Bool { weights.isEmpty || weights.count == classes }
}

extension ClassController: Codable {
    private enum CodingKeys: String, CodingKey {
        case measure, threshold, step, cap, decay, margin, history, weights, decisions
    }

    /// - Throws: `FormatError` for what no controller could have written.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        measure = try container.decode(Measure.self, forKey: .measure)
        threshold = try container.decode(Double.self, forKey: .threshold)
        step = try container.decode(Double.self, forKey: .step)
        cap = try container.decode(Double.self, forKey: .cap)
        decay = try container.decode(Double.self, forKey: .decay)
        margin = try container.decode(Double.self, forKey: .margin)
        history = try container.decode([[Double]].self, forKey: .history)
        weights = try container.decode([Double].self, forKey: .weights)
        decisions = try container.decode([ClassDecision].self, forKey: .decisions)
        try checkSettings()
        guard weights.allSatisfy({ $0 >= 1 && $0 <= cap }), history.allSatisfy({ $0.count == weights.count }),
            decisions.count == weights.count
        else {
            throw Self.error(
                place: "weights", found: "\(weights)",
                expected: "one within 1…\(cap) for each class of the history")
        }
    }
}
