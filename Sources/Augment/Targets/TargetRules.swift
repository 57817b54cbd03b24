import TensorCore

/// How boxes, points and label maps follow an augmentation.
public struct TargetRules: Sendable, Hashable {
    /// The least share of a box that must be left inside the image, in 0 ... 1; others are dropped.
    public let minimumVisibleShare: Double
    /// Labels of points that change places when an image is mirrored.
    public let swaps: PointSwaps
    /// The label that pixels of a label map get that an operation uncovers or covers, such as 255 for those that a loss
    /// ignores. nil for 0 where pixels are uncovered, and for the label that is there where they are covered.
    public let mapFill: UInt8?

    /// Creates rules.
    public init(minimumVisibleShare: Double = 0.1, swaps: PointSwaps = PointSwaps(), mapFill: UInt8? = nil) {
        require(
            minimumVisibleShare >= 0 && minimumVisibleShare <= 1,
            "TargetRules: minimum visible share \(minimumVisibleShare) given, 0…1 expected")
        self.minimumVisibleShare = minimumVisibleShare
        self.swaps = swaps
        self.mapFill = mapFill
    }
}
