import Datasets

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
        /// The same of every step, by name, with `loss` and `learningRate`; nil in steps that had no such value.
        public let steps: [String: [Float?]]
        /// Relative probability of each class, if a controller set them.
        public let classProbabilities: [Double]?
        /// Why, for each controller that decides on classes, class by class; nil where none did.
        public let classDecisions: [[ClassDecision]]?
        /// Mean factor on geometric transforms over the samples seen.
        public let strength: Float
        /// For each class, the factors on the probabilities of the policy's steps; nil where no controller set them.
        public let stepFactors: [[Double]]?
        /// The same of each network that was trained beside this one; nil for none.
        let peers: [Epoch]?
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
