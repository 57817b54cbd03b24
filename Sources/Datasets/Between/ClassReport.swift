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

    /// The share of all images that were classified correctly, in 0 ... 1.
    public var accuracy: Double {
        let total = confusion.joined().reduce(0, +)
        return total == 0 ? 0 : Double(confusion.indices.reduce(0) { $0 + confusion[$1][$1] }) / Double(total)
    }

    /// The share of each class that was classified correctly; nil for a class without images.
    public var classAccuracies: [Double?] {
        confusion.indices.map { actual in
            let total = confusion[actual].reduce(0, +)
            return total == 0 ? nil : Double(confusion[actual][actual]) / Double(total)
        }
    }
}
