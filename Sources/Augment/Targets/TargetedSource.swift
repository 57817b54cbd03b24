import Datasets
import TensorCore

/// Images and what lies in them, of which both are read when a step asks for them.
///
///     let source = TargetedSource(images) { id, height, width in
///         try annotations.place(of: names[id]).map { try annotations.targets(of: $0, height: height, width: width) }
///     }
///     var batches = source.batches(of: 16, epoch: 0, seed: 1, through: policy)
///     while let batch = try batches.next() { print(batch.images.count, batch.targets[0].boxes.count) }
public struct TargetedSource: Sendable {
    /// Reads the targets of an image; nil where nothing is known of it.
    ///
    /// - Parameters:
    ///   - id: of the sample in the source.
    ///   - height: of the image as the source gives it, in whose pixels the targets are; as width.
    public typealias Reading = @Sendable (_ id: Int, _ height: Int, _ width: Int) throws -> ImageTargets?

    /// The images.
    public let images: any ImageSource
    private let reading: Reading

    /// Joins images and the targets of each.
    public init(_ images: any ImageSource, targets reading: @escaping Reading) {
        (self.images, self.reading) = (images, reading)
    }

    /// Reads images and their targets.
    ///
    /// - Parameter places: of the images, in 0 ..< count.
    /// - Returns: in that order; nil for targets of which nothing is known.
    /// - Throws: what reading the one or the other throws.
    public func read(at places: [Int]) throws -> (images: RaggedImages, targets: [ImageTargets?]) {
        let images = try images.images(at: places[...])
        return (images, try targets(of: images))
    }

    fileprivate func targets(of images: RaggedImages) throws -> [ImageTargets?] {
        try images.sampleIDs.enumerated().map { try reading($1, images.heights[$0], images.widths[$0]) }
    }

    /// The batches of an epoch, augmented. The same arguments give the same bits for any number of threads.
    ///
    /// - Parameters:
    ///   - size: images in a batch.
    ///   - steps: batches in the epoch; what one pass over the images fills when omitted, 1 at least. Shuffled passes
    ///     go on from one epoch to the next, as `EpochPlan` has them.
    ///   - epoch: from 0.
    ///   - seed: what the order and the draws depend on.
    ///   - policy: what is done to the images.
    ///   - rules: how targets follow.
    public func batches(
        of size: Int, steps: Int? = nil, epoch: Int, seed: UInt64, through policy: AugmentationPolicy,
        by rules: TargetRules = TargetRules()
    ) -> TargetedBatches {
        TargetedBatches(
            source: self,
            plan: EpochPlan(
                sources: [.init(images, batchSize: size)], steps: steps ?? max(images.count / size, 1), epoch: epoch,
                seed: seed), policy: policy, rules: rules)
    }
}

/// The batches of an epoch: images and their targets through a policy.
public struct TargetedBatches: Sendable {
    fileprivate let source: TargetedSource
    fileprivate let plan: EpochPlan
    fileprivate let policy: AugmentationPolicy
    fileprivate let rules: TargetRules
    private var step = 0

    fileprivate init(source: TargetedSource, plan: EpochPlan, policy: AugmentationPolicy, rules: TargetRules) {
        (self.source, self.plan, self.policy, self.rules) = (source, plan, policy, rules)
    }

    /// The next batch; nil after the last one.
    ///
    /// - Throws: what reading throws, and as ``AugmentationPolicy/apply(to:targets:by:)``.
    public mutating func next() throws -> TargetedImages? {
        guard step < plan.steps else { return nil }
        let raw = try plan.batch(at: step)
        step += 1
        return try policy.apply(
            to: raw, targets: source.targets(of: raw.images).map { $0 ?? ImageTargets() }, by: rules)
    }
}
