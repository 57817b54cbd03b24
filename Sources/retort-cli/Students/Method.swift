import Retort

/// What a student's training has beyond its labels; a set of these is what an arm of an experiment is.
struct Method: OptionSet, Hashable, Sendable {
    let rawValue: Int

    /// Images go through the augmentation policy.
    static let augmentation = Method(rawValue: 1)
    /// The student learns from a teacher's outputs too.
    static let distillation = Method(rawValue: 2)
    /// Temperature and weight of the labels follow schedules.
    static let scheduled = Method(rawValue: 4)
    /// Validation results steer the classes' share, and hardness the strength of geometry.
    static let steered = Method(rawValue: 64)
    /// Both.
    static let closedLoop: Method = [.scheduled, .steered]
    /// The teacher judges views, and probes steer operations.
    static let judged = Method(rawValue: 8)
    /// Feature maps of two stages are matched beside the outputs, masked at random.
    static let hints = Method(rawValue: 16)
    /// Images without labels take part, through the teacher.
    static let unlabelled = Method(rawValue: 32)

    /// T over the run.
    var temperature: Schedule { contains(.scheduled) ? .linear(from: 3, to: 1) : .constant(4) }

    /// λ over the run.
    var hardLabelWeight: Schedule { contains(.scheduled) ? .cosine(from: 0.9, to: 0.1) : .constant(0.1) }

    /// The maps that all our networks have.
    var featureHints: [Hint] { contains(.hints) ? [Hint("stage1", weight: 0.5), Hint("stage2", weight: 0.5)] : [] }

    /// A permutation of channels, or noise, on both maps would cancel in their difference; a mask does not.
    static let featureMask = RandomMask(share: 0.3, blockSize: 2)

    /// What steers the sampling and the policy.
    func controllers(_ policy: AugmentationPolicy, seed: UInt64) -> [any DataController] {
        (contains(.steered) ? ClosedLoop.controllers : [])
            + (contains(.judged) ? [OperationController(policy, seed: seed)] : [])
    }
}

extension TrainingPlan {
    /// The plan of every run in the demo and the experiments: 20 epochs, batches of 64, one learning rate for all.
    static func experiment(steps: Int, seed: UInt64) -> TrainingPlan {
        TrainingPlan(
            steps: steps, stepsPerEpoch: (steps + 19) / 20, batchSize: 64,
            learningRate: .warmUp(0.05, then: .cosine(from: 0.2, to: 0)), seed: seed)
    }
}
