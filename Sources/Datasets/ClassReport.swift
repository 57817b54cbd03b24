/// How a model does on validation data, class by class: what a training loop emits after each validation and what
/// steers the sampling of the next epoch.
public struct ClassReport: Sendable, Hashable, Codable {
    /// The epoch that the validation followed, from 0.
    public let epoch: Int
    /// Mean loss over all images.
    public let loss: Double
    /// `confusion[actual][predicted]` counts images.
    public let confusion: [[Int]]
    /// Mean loss of each class; 0 for a class without images.
    public let classLosses: [Double]
    /// The share of all images, in 0 ... 1, on which the model chose as a teacher did; nil where none was asked.
    public let agreement: Double?

    /// Creates a report.
    public init(epoch: Int, loss: Double, confusion: [[Int]], classLosses: [Double], agreement: Double? = nil) {
        self.agreement = agreement
        self.epoch = epoch
        self.loss = loss
        self.confusion = confusion
        self.classLosses = classLosses
    }

    /// The share of all images that were classified rightly, in 0 ... 1.
    public var accuracy: Double {
        let total = confusion.joined().reduce(0, +)
        return total == 0 ? 0 : Double(confusion.indices.reduce(0) { $0 + confusion[$1][$1] }) / Double(total)
    }

    /// The share of each class that was classified rightly; nil for a class without images.
    public var classAccuracies: [Double?] {
        confusion.indices.map { actual in
            let total = confusion[actual].reduce(0, +)
            return total == 0 ? nil : Double(confusion[actual][actual]) / Double(total)
        }
    }
}

/// Why a controller draws a class as often as it does.
public struct ClassDecision: Hashable, Sendable, Codable {
    /// What happened to the class's probability.
    public enum Change: String, Hashable, Sendable, Codable { case raised, decayed, held }

    /// What the class was judged by: `accuracy` or `loss`.
    public let measure: String
    /// What the last validation found; nil for a class without validation images.
    public let found: Double?
    /// What it was compared with.
    public let threshold: Double
    /// What followed from it.
    public let change: Change
    /// The relative probability since; that of a class at rest is 1.
    public let weight: Double

    /// Creates a record of a decision.
    public init(measure: String, found: Double?, threshold: Double, change: Change, weight: Double) {
        self.measure = measure
        self.found = found
        self.threshold = threshold
        self.change = change
        self.weight = weight
    }
}

/// Steers the data of the next epoch by what the last validation and the last epoch's losses said.
///
/// A training loop calls these, logs the state and keeps it in checkpoints; what is done with it is the conformer's.
public protocol DataController: Sendable, Codable {
    /// After each validation.
    mutating func validated(_ report: ClassReport)
    /// After each epoch: the mean training loss of each sample that was seen.
    mutating func trained(epoch: Int, sampleLosses: [Int: Float])
    /// Relative probability of drawing a sample of each class in the next epoch; nil to draw all samples alike.
    var classProbabilities: [Double]? { get }
    /// Why the class probabilities are what they are, class by class; nil before the first validation, and from a controller
    /// that leaves them alone.
    var classDecisions: [ClassDecision]? { get }
    /// The factor on the strength of geometric transforms for a sample.
    func strength(forSample id: Int) -> Float
    /// For images of a class, a factor on the probability of each step of the policy; nil to leave all as they are.
    func stepFactors(forClass label: Int) -> [Double]?
    /// Transforms of the validation images on which the loop is to try the model after each validation.
    var probes: [any BatchTransform] { get }
    /// After each validation, before ``validated(_:)``: how the model did on each of ``probes``, in their order.
    mutating func probed(_ reports: [ClassReport])
}

extension DataController {
    public mutating func validated(_ report: ClassReport) {}
    public mutating func trained(epoch: Int, sampleLosses: [Int: Float]) {}
    public var classProbabilities: [Double]? { nil }
    public var classDecisions: [ClassDecision]? { nil }
    public func strength(forSample id: Int) -> Float { 1 }
    public func stepFactors(forClass label: Int) -> [Double]? { nil }
    public var probes: [any BatchTransform] { [] }
    public mutating func probed(_ reports: [ClassReport]) {}
}
