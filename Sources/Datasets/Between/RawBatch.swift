/// The images of one training step as the data set has them, not yet transformed.
public struct RawBatch: Sendable {
    /// The images and their labels; `sampleIDs` names them. Each has its own size; that of the batch is `images.size`.
    public var images: RaggedImages
    /// The run's seed and the pass over the data: what a transform's random draws depend on, with the sample ids.
    public var seed: UInt64
    /// The pass over the data, from 0.
    public var epoch: Int
    /// Which draw of a sample this is: 0 but for samples that come several times in one epoch.
    public var draws: [Int]
    /// For each image, the factor on the strength of geometric transforms; 1 unless hardness steers it.
    public var strengths: [Float]
    /// For some classes, a factor on the probability of each operation of a policy, for their images; empty unless
    /// steered.
    public var stepFactors: [Int: [Double]] = [:]

    /// Creates a batch of images of one size; draws default to 0, strengths to 1.
    public init(images: ImageSet, seed: UInt64, epoch: Int, draws: [Int]? = nil, strengths: [Float]? = nil) {
        self.init(images: RaggedImages(images), seed: seed, epoch: epoch, draws: draws, strengths: strengths)
    }

    /// Creates a batch; draws default to 0, strengths to 1.
    public init(images: RaggedImages, seed: UInt64, epoch: Int, draws: [Int]? = nil, strengths: [Float]? = nil) {
        self.images = images
        self.seed = seed
        self.epoch = epoch
        self.draws = draws ?? [Int](repeating: 0, count: images.count)
        self.strengths = strengths ?? [Float](repeating: 1, count: images.count)
    }
}
