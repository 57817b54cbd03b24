/// Steers the data of the next epoch by what the last validation and the last epoch's losses said.
///
/// A training loop calls these, logs the state and keeps it in checkpoints; a conforming type decides what it makes of
/// them.
public protocol DataController: Sendable, Codable {
    /// After each validation.
    mutating func validated(_ report: ClassReport)
    /// After each epoch: the mean training loss of each sample that was seen.
    mutating func trained(epoch: Int, sampleLosses: [Int: Float])
    /// Relative probability of drawing a sample of each class in the next epoch; nil to draw all samples alike.
    var classProbabilities: [Double]? { get }
    /// Why the class probabilities are what they are, class by class; nil before the first validation, and from a
    /// controller that leaves them alone.
    var classDecisions: [ClassDecision]? { get }
    /// The factor on the strength of geometric transforms for a sample.
    func strength(forSample id: Int) -> Float
    /// For images of a class, a factor on the probability of each operation of the policy; nil to leave all as they
    /// are.
    func stepFactors(forClass label: Int) -> [Double]?
    /// Transforms of the validation images on which the loop is to try the model after each validation.
    var probes: [any BatchTransform] { get }
    /// After each validation, before ``validated(_:)``: how the model did on each of ``probes``, in their order.
    mutating func probed(_ reports: [ClassReport])
    /// Whether a state that was read from a checkpoint can be of a run over so many classes. What such a state says is
    /// checked besides; this is for what shows only later.
    func fits(classes: Int) -> Bool
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
    public func fits(classes: Int) -> Bool { true }
}
