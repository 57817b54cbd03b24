import Augment
import Datasets
import Distill
import Training

/// What a student's training has beyond its labels; an arm of an experiment is a set of these.
public struct TrainingMethod: OptionSet, Hashable, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Images go through the augmentation policy.
    public static let augmentation = TrainingMethod(rawValue: 1)
    /// The student learns from a teacher's outputs too.
    public static let distillation = TrainingMethod(rawValue: 2)
    /// Temperature and weight of the labels follow schedules.
    public static let scheduled = TrainingMethod(rawValue: 4)
    /// The teacher judges views, and probes of the student steer the operations of the policy.
    public static let judged = TrainingMethod(rawValue: 8)
    /// Feature maps of two stages, masked at random, are matched beside the outputs.
    public static let hints = TrainingMethod(rawValue: 16)
    /// Images without labels take part, through the teacher.
    public static let unlabelled = TrainingMethod(rawValue: 32)
    /// Validation results steer how often classes are drawn, and each sample's loss the strength of its geometry.
    public static let steered = TrainingMethod(rawValue: 64)
    /// Schedules and steering.
    public static let closedLoop: TrainingMethod = [.scheduled, .steered]

    /// The temperature T over the run.
    public var temperature: Schedule { contains(.scheduled) ? .linear(from: 3, to: 1) : .constant(4) }

    /// The weight λ of the labels over the run.
    public var hardLabelWeight: Schedule { contains(.scheduled) ? .cosine(from: 0.9, to: 0.1) : .constant(0.1) }

    /// Hints on the two feature maps that all ready networks have.
    public var featureHints: [Hint] {
        contains(.hints) ? [Hint("stage1", weight: 0.5), Hint("stage2", weight: 0.5)] : []
    }

    /// The mask on feature maps that are matched.
    ///
    /// A permutation of channels or noise on the maps of both networks would cancel in their difference; a mask does
    /// not.
    public static let featureMask = RandomMask(share: 0.3, blockSize: 2)

    /// What steers the sampling and the policy.
    public func controllers(_ policy: AugmentationPolicy, seed: UInt64) -> [any DataController] {
        (contains(.steered) ? ArticleLoop.controllers : [])
            + (contains(.judged) ? [OperationController(policy, seed: seed)] : [])
    }
}

extension TrainingPlan {
    /// The plan of every run in the demo and the experiments: 20 epochs, batches of 64, one learning rate for all.
    public static func experiment(steps: Int, seed: UInt64) -> TrainingPlan {
        TrainingPlan(
            steps: steps, stepsPerEpoch: (steps + 19) / 20, batchSize: 64,
            learningRate: .warmUp(0.05, then: .cosine(from: 0.2, to: 0)), seed: seed)
    }
}
