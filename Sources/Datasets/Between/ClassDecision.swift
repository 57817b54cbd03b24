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
    /// What the controller did.
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
