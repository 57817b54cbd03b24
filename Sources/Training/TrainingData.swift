import Datasets
import TensorCore

/// The images of a run, and what is done with them on the way to the network.
public struct TrainingData: Sendable {
    /// Images with labels.
    public var labelled: any ImageSource
    /// Images for losses that need no label; if they have labels, nobody looks at them.
    public var unlabelled: (any ImageSource)?
    /// Held-out images with labels, which steer and choose; none or an empty set for no validation.
    public var validation: (any ImageSource)?
    /// As the network expects its inputs.
    public var normalization: Normalization
    /// What each batch goes through; `PlainTransform` for nothing.
    public var transform: any BatchTransform
    /// What steers the sampling and the strength of the transform.
    public var controllers: [any DataController]

    /// Bundles the images of a run.
    public init(
        labelled: any ImageSource, unlabelled: (any ImageSource)? = nil, validation: (any ImageSource)? = nil,
        normalization: Normalization, transform: any BatchTransform = PlainTransform(),
        controllers: [any DataController] = []
    ) {
        self.labelled = labelled
        self.unlabelled = unlabelled
        self.validation = validation
        self.normalization = normalization
        self.transform = transform
        self.controllers = controllers
    }

    /// Bundles the images of a run, with the normalization of the labelled ones.
    ///
    /// - Throws: what the source of the labelled images throws; nothing where they are in memory.
    public init<Source: ImageSource>(
        labelled: Source, unlabelled: (any ImageSource)? = nil, validation: (any ImageSource)? = nil,
        transform: any BatchTransform = PlainTransform(), controllers: [any DataController] = []
    ) throws(Source.Failure) {
        self.init(
            labelled: labelled, unlabelled: unlabelled, validation: validation, normalization: try .of(labelled),
            transform: transform, controllers: controllers)
    }

    /// The validation images, if one of them has a label to compare with.
    package var usableValidation: (any ImageSource)? {
        validation.flatMap { images in images.labels.contains { $0 != nil } ? images : nil }
    }

    /// Names of the files that turned out bad during the run, each once.
    public var lostFiles: [String] {
        Set([labelled, unlabelled, validation].compactMap(\.self).flatMap(\.lostFiles)).sorted()
    }

    /// Checks that the plan can be carried out on these images.
    ///
    /// - Throws: `FormatError` for a class without labelled images, and where there is one class alone,
    ///   `ConfigurationError` for images that do not go together, and for early stopping without validation images.
    package func check(for plan: TrainingPlan) throws {
        guard labelled.classCount > 1 else {
            throw FormatError(
                file: "labelled images", found: labelled.classCount.counted("class", "classes"), expected: "2 or more")
        }
        try labelled.checkEveryClassOccurs(in: "labelled images")
        for (name, images) in [("unlabelled", unlabelled), ("validation", usableValidation)] {
            guard let images, images.count > 0 else { continue }
            guard images.size == labelled.size, images.classNames == labelled.classNames else {
                throw ConfigurationError(
                    [.name(name)],
                    "images of \(images.size) in \(images.classCount.counted("class", "classes")) do not go "
                        + "with the labelled images of \(labelled.size) in \(labelled.classCount)")
            }
        }
        guard normalization.mean.count == labelled.channels else {
            throw ConfigurationError(
                ["normalization"],
                "is of \(normalization.mean.count.counted("channel")), the images have \(labelled.channels)")
        }
        guard plan.patience == nil || usableValidation != nil else {
            throw ConfigurationError(["patience"], "needs validation images, by which to see when learning ends")
        }
    }

    /// The batches of an epoch, as the controllers want them.
    func epochPlan(_ epoch: Int, plan: TrainingPlan, controllers: [any DataController]) -> EpochPlan {
        var sources = [EpochPlan.Source(labelled, batchSize: plan.batchSize)]
        if let unlabelled, unlabelled.count > 0 {
            sources.append(EpochPlan.Source(unlabelled.withoutLabels(), batchSize: plan.unlabelledBatchSize))
        }
        return EpochPlan(
            sources: sources, steps: plan.steps(ofEpoch: epoch), firstStep: epoch * plan.stepsPerEpoch, epoch: epoch,
            seed: plan.seed, classProbabilities: controllers.classProbabilities,
            stepFactors: controllers.stepFactors(classes: labelled.classCount)
        ) { id in controllers.reduce(1) { $0 * $1.strength(forSample: id) } }
    }
}

extension TrainingData {
    /// The number of labelled images of each class by its name.
    var classCounts: [String: Int] {
        Dictionary(zip(labelled.classNames, labelled.placesByClass.map(\.count)), uniquingKeysWith: +)
    }

    /// Whether a controller whose state was read can steer a run on these images.
    func isPossible(_ controller: some DataController) -> Bool {
        func isFactor(_ value: Double) -> Bool { value >= 0 && value.isFinite }
        guard controller.fits(classes: labelled.classCount) else { return false }
        if let probabilities = controller.classProbabilities {
            guard probabilities.count == labelled.classCount, probabilities.allSatisfy(isFactor),
                probabilities.reduce(0, +) > 0
            else { return false }
        }
        let factors = (0..<labelled.classCount).compactMap { controller.stepFactors(forClass: $0) }
        return factors.allSatisfy { $0.count == factors[0].count && $0.allSatisfy(isFactor) }
            && labelled.sampleIDs.allSatisfy { isFactor(Double(controller.strength(forSample: $0))) }
    }
}

extension [any DataController] {
    /// The product of what the controllers say of each class; nil when none says anything.
    var classProbabilities: [Double]? {
        compactMap(\.classProbabilities).reduce(nil) { product, next in
            product.map { zip($0, next).map { $0 * $1 } } ?? next
        }
    }

    /// For each class of which a controller says something, the product of what all say of the policy's steps.
    func stepFactors(classes: Int) -> [Int: [Double]] {
        var factors: [Int: [Double]] = [:]
        for label in 0..<classes {
            for next in compactMap({ $0.stepFactors(forClass: label) }) {
                factors[label] = factors[label].map { zip($0, next).map { $0 * $1 } } ?? next
            }
        }
        return factors
    }
}
