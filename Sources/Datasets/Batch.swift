import TensorCore

/// Images as they lie in a data set, cut out for one step and not yet transformed.
public struct RawBatch: Sendable {
    /// The images and their labels; `sampleIDs` names them.
    public var images: ImageSet
    /// The run's seed and the pass over the data: what a transform's random draws depend on, with the sample ids.
    public var seed: UInt64
    /// The pass over the data, from 0.
    public var epoch: Int
    /// Which draw of a sample this is: 0 but for samples that come several times in one epoch.
    public var draws: [Int]
    /// For each image, the factor on the strength of geometric transforms; 1 unless hardness steers it.
    public var strengths: [Float]
    /// For some classes, a factor on the probability of each step of a policy, for their images; empty unless steered.
    public var stepFactors: [Int: [Double]] = [:]

    /// Creates a batch; draws default to 0, strengths to 1.
    public init(images: ImageSet, seed: UInt64, epoch: Int, draws: [Int]? = nil, strengths: [Float]? = nil) {
        self.images = images
        self.seed = seed
        self.epoch = epoch
        self.draws = draws ?? [Int](repeating: 0, count: images.count)
        self.strengths = strengths ?? [Float](repeating: 1, count: images.count)
    }
}

/// What one training step sees: transformed images, and what is known of their classes.
public struct Batch: Sendable {
    /// Normalised images, [N, H, W, C].
    public var inputs: Tensor
    /// Ids of the samples that the images were made of.
    public var sampleIDs: [Int]
    /// The class of each image; nil where it is unknown.
    public var labels: [Int?]
    /// Class probabilities [N, classes] where labels were mixed; nil when ``labels`` says all.
    public var targets: Tensor?
    /// For each image, its weight in a loss, 0 or more; nil for 1.
    public var weights: [Float]?
    /// Another view of each image, [N, H, W, C], that a teacher reads in place of ``inputs``; nil to read those.
    public var labellerInputs: Tensor?

    /// Creates a batch.
    public init(
        inputs: Tensor, sampleIDs: [Int], labels: [Int?], targets: Tensor? = nil, weights: [Float]? = nil
    ) {
        self.inputs = inputs
        self.sampleIDs = sampleIDs
        self.labels = labels
        self.targets = targets
        self.weights = weights
    }

    /// The number of images.
    public var count: Int { labels.count }
}

/// Turns raw images into a batch: augmentation, or only normalisation. Called by a training loop on each batch, maybe
/// on another thread than the one that trains.
///
/// The same raw batch gives the same bits; a sample's result does not depend on its neighbours in the batch, unless
/// the transform mixes images, and then only on those that share the batch.
public protocol BatchTransform: Sendable {
    /// Transforms one batch, and normalises it as the network expects.
    func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch
}

/// The change from bytes to network inputs: (byte / 255 − mean) / deviation, per channel.
public struct Normalization: Sendable, Hashable, Codable {
    /// Mean per channel, of values in [0, 1].
    public let mean: [Float]
    /// Standard deviation per channel, positive.
    public let deviation: [Float]

    /// Creates a normalisation; one mean and one positive deviation per channel.
    public init(mean: [Float], deviation: [Float]) {
        require(
            mean.count == deviation.count && deviation.allSatisfy { $0 > 0 },
            "Normalization: mean \(mean), deviation \(deviation): as many, deviations positive")
        self.mean = mean
        self.deviation = deviation
    }
}
