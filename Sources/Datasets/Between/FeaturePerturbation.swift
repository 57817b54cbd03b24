import TensorCore

/// A change to a feature map [N, H, W, C]: y[n, h, w, c] = z[n, h, w, p(c)] · multiplier + addend, where
/// z[n] = share(n) · x[n] + (1 − share(n)) · x[partner(n)].
///
/// Drawn by Augment, applied by whoever holds the tape, to teacher and student alike where both have the shape.
public struct FeaturePerturbation: Sendable {
    /// Which row of the batch each row is blended with, and how much of itself it keeps; nil for none.
    public var rowBlend: RowBlend?
    /// Factors, broadcast to the map: [N, H, W, 1] (a spatial mask), [N, 1, 1, C] (dropped channels) or [N, H, W, C];
    /// nil for 1.
    public var multiplier: Tensor?
    /// Output channel c reads input channel `channelPermutation[c]`; nil for the identity.
    public var channelPermutation: [Int]?
    /// Added last, [N, H, W, C]; nil for 0.
    public var addend: Tensor?

    /// Creates a perturbation; the default changes nothing.
    public init(
        multiplier: Tensor? = nil, channelPermutation: [Int]? = nil, addend: Tensor? = nil, rowBlend: RowBlend? = nil
    ) {
        self.rowBlend = rowBlend
        self.multiplier = multiplier
        self.channelPermutation = channelPermutation
        self.addend = addend
    }
}
