import Datasets
import Foundation

/// What happened in a run, epoch by epoch. Holds no clock times: the same run has the same history.
public struct History: Hashable, Sendable, Codable {
    /// One epoch.
    public struct Epoch: Hashable, Sendable, Codable {
        /// Its number, from 0.
        public let number: Int
        /// Mean of the steps' losses.
        public let loss: Double
        /// Share of the labelled training images, as augmented, that were classified correctly; 0 without such images.
        public let accuracy: Double
        /// How the model did on validation data afterwards.
        public let validation: ClassReport?
        /// The learning rate in its last step.
        public let learningRate: Float
        /// What the loss reports about itself in the last step: temperature, weight of the hard labels.
        public let values: [String: Float]
        /// The same of every step, by name, with `loss` and `learningRate`; nil in steps that had no such value. Empty
        /// where ``CheckpointKeeping/steps`` says so.
        public internal(set) var steps: [String: [Float?]]
        /// Relative probability of each class, if a controller set them.
        public let classProbabilities: [Double]?
        /// Why, for each controller that decides on classes, class by class; nil where none did.
        public let classDecisions: [[ClassDecision]]?
        /// Mean factor on geometric transforms over the samples seen.
        public let strength: Float
        /// For each class, the factors on the probabilities of the policy's steps; nil where no controller set them.
        public let stepFactors: [[Double]]?
        /// The same of each network that was trained beside this one; nil for none.
        var peers: [Epoch]?
    }

    /// The epochs so far.
    public internal(set) var epochs: [Epoch] = []

    /// With early stopping, the number of the epoch that did best on validation data, whose weights the run returned;
    /// nil without it, when the run returned its last weights.
    public internal(set) var bestEpoch: Int?

    /// The epoch whose weights the run returned.
    public var returned: Epoch? { epochs.last { $0.number == bestEpoch } ?? epochs.last }

    /// The validation accuracy of the weights that the run returned, 0 ... 1; nil without validation.
    public var validationAccuracy: Double? { returned?.validation?.accuracy }

    /// The history of each network that was trained beside the first, in the loss's order; empty for a run of one
    /// network.
    public var peers: [History] {
        (0..<(epochs.first?.peers?.count ?? 0)).map { number in
            var history = History()
            history.epochs = epochs.compactMap { $0.peers?.dropFirst(number).first }
            history.bestEpoch = bestEpoch
            return history
        }
    }

    init() {}
}

extension History {
    /// What is to be said of a network that does in use nothing of what it did in training: its validation loss is ten
    /// times its training loss and three times that of guessing, or more. Nil where there is nothing to say.
    ///
    /// - Parameter test: on other images than those that it learnt from, for a run without validation.
    public func doubt(otherwise test: ClassReport) -> String? {
        guard let epoch = returned else { return nil }
        let trained = Double(epoch.values["crossEntropy"] ?? Float(epoch.loss))
        let (report, name) = epoch.validation.map { ($0, "validation") } ?? (test, "test")
        guard report.loss > 10 * trained, report.loss > 3 * log(Double(report.classCount)) else { return nil }
        return "the \(name) loss is \(String(format: "%.1f", report.loss)), the training loss "
            + "\(String(format: "%.4f", trained)): the network did not learn what holds for other images (batches too "
            + "small for its normalization, a learning rate too high, or too few images)"
    }
}

extension History.Epoch {
    /// The same without what grows with the number of steps.
    var withoutSteps: Self {
        var copy = self
        copy.steps = [:]
        copy.peers = peers?.map(\.withoutSteps)
        return copy
    }

    /// Whether a run over so many classes can have had this epoch.
    func isPossible(number: Int, classes: Int, peers count: Int) -> Bool {
        func isOfClasses(_ number: Int?) -> Bool { number == nil || number == classes }
        return self.number == number && loss.isFinite && (0...1).contains(accuracy)
            && isOfClasses(validation?.classCount)
            && isOfClasses(classProbabilities?.count) && isOfClasses(stepFactors?.count)
            && classDecisions?.allSatisfy { $0.count == classes } ?? true && (peers?.count ?? 0) == count
            && peers?.allSatisfy { $0.isPossible(number: number, classes: classes, peers: 0) } ?? true
    }
}

/// What a progress display may show after each step.
public struct TrainingProgress: Sendable {
    /// The epoch, from 0, and how many there are.
    public let epoch, epochs: Int
    /// Steps done, and how many there are.
    public let step, steps: Int
    /// The step's loss.
    public let loss: Float
    /// Share of the epoch's labelled images that were classified correctly so far.
    public let accuracy: Double
    /// What the loss reports about itself: temperature, weight of the hard labels, the terms.
    public let values: [String: Float]
    /// Images in a step.
    public let batchSize: Int
    /// The report, after the epoch's last step.
    public let validation: ClassReport?
}
