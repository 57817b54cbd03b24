import TensorCore

/// A blend of each row of a batch with another: share(n) · x[n] + (1 − share(n)) · x[partner(n)].
public struct RowBlend: Sendable, Hashable {
    /// For each row the other one, in 0 ..< N; itself for no blend.
    public let partners: [Int]
    /// For each row how much of itself stays, within 0 ... 1.
    public let shares: [Float]

    /// Creates a blend; one partner and one share for each row.
    public init(partners: [Int], shares: [Float]) {
        require(
            partners.count == shares.count && partners.allSatisfy { partners.indices.contains($0) }
                && shares.allSatisfy { $0 >= 0 && $0 <= 1 },
            "RowBlend: partners \(partners), shares \(shares): one of each a row, in 0 ..< rows and 0…1 expected")
        self.partners = partners
        self.shares = shares
    }

    /// The same blend of class probabilities.
    ///
    /// - Parameter targets: [N, classes].
    public func targets(_ targets: Tensor) -> Tensor { targets.blendingRows(with: partners, shares: shares) }
}
