import Datasets
import TensorCore

/// Blends the feature maps of a batch with one another (Verma et al. 2019, "Manifold mixup: Better representations by
/// interpolating hidden states", arXiv 1806.05236).
///
/// As in the paper all rows of a batch have one share, from Beta(alpha, alpha), and partners by a permutation; as in
/// ``MixUp`` the share is half at least, so that a row's label still names it. For a loss on labels
/// `RowBlend.targets(_:)` blends them alike; a loss that compares a teacher's and a student's maps needs none.
public struct ManifoldMixUp: Sendable, Hashable {
    /// Small: mostly one map; 1: all shares alike; large: halves. Positive; the paper's is 2.
    public let alpha: Double
    /// The probability that a batch is blended.
    public let probability: Double

    /// Creates a blend.
    public init(alpha: Double = 2, probability: Double = 1) {
        require(
            alpha > 0 && alpha.isFinite && probability >= 0 && probability <= 1,
            "ManifoldMixUp: alpha \(alpha), probability \(probability) given; above 0, 0…1 expected")
        self.alpha = alpha
        self.probability = probability
    }

    /// nil where nothing is blended.
    func draw(batch: Int, using random: inout Philox) -> RowBlend? {
        guard Double(random.uniform()) < probability else { return nil }
        let share = random.symmetricBeta(alpha)
        return RowBlend(
            partners: random.permutation(of: batch),
            shares: [Float](repeating: Float(max(share, 1 - share)), count: batch))
    }
}
