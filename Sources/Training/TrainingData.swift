import Datasets
import TensorCore

/// The images of a run, and what is done with them on the way to the network.
public struct TrainingData: Sendable {
    /// Images with labels.
    public var labelled: ImageSet
    /// Images without, for losses that need none.
    public var unlabelled: ImageSet?
    /// Held-out images with labels, which steer and choose.
    public var validation: ImageSet?
    /// As the network expects its inputs.
    public var normalization: Normalization
    /// What each batch goes through; ``Datasets/PlainTransform`` for nothing.
    public var transform: any BatchTransform
    /// What steers the sampling and the strength of the transform.
    public var controllers: [any DataController]

    /// Bundles the images of a run.
    ///
    /// - Parameter normalization: that of the labelled images when omitted.
    public init(
        labelled: ImageSet, unlabelled: ImageSet? = nil, validation: ImageSet? = nil,
        normalization: Normalization? = nil, transform: any BatchTransform = PlainTransform(),
        controllers: [any DataController] = []
    ) {
        self.labelled = labelled
        self.unlabelled = unlabelled
        self.validation = validation
        self.normalization = normalization ?? .of(labelled)
        self.transform = transform
        self.controllers = controllers
    }

    /// The batches of an epoch, as the controllers want them.
    func epochPlan(_ epoch: Int, plan: TrainingPlan, controllers: [any DataController]) -> EpochPlan {
        var sources = [EpochPlan.Source(labelled, batchSize: plan.batchSize)]
        if let unlabelled, unlabelled.count > 0 {
            sources.append(EpochPlan.Source(unlabelled, batchSize: plan.unlabelledBatchSize))
        }
        return EpochPlan(
            sources: sources, steps: plan.steps(ofEpoch: epoch), firstStep: epoch * plan.stepsPerEpoch, epoch: epoch,
            seed: plan.seed, classProbabilities: controllers.classProbabilities
        ) { id in controllers.reduce(1) { $0 * $1.strength(forSample: id) } }
    }
}

extension [any DataController] {
    /// The product of what the controllers say of each class; nil when none says anything.
    var classProbabilities: [Double]? {
        compactMap(\.classProbabilities).reduce(nil) { product, next in
            product.map { zip($0, next).map { $0 * $1 } } ?? next
        }
    }
}
