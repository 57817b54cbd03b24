import TensorCore

/// The input of one training step: transformed images, and what is known of their classes.
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
    /// What a teacher reads in place of ``inputs``, [N, H, W, C]: another view of each image, or the same one at
    /// another size; nil to read those.
    public var teacherInputs: Tensor?
    /// Whether ``teacherInputs`` show the same view as ``inputs``, so that feature maps of both can be compared.
    public var isOneView = false

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
