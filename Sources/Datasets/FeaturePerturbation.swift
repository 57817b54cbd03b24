import TensorCore

/// A change to a feature map [N, H, W, C]: y[n, h, w, c] = x[n, h, w, p(c)] · multiplier + addend.
///
/// Drawn by Augment, applied by whoever holds the tape, to teacher and student alike where both have the shape.
public struct FeaturePerturbation: Sendable {
    /// Factors, [N, H, W, 1] (a spatial mask) or [N, 1, 1, C] (dropped channels); nil for 1.
    public var multiplier: Tensor?
    /// Output channel c reads input channel `channelPermutation[c]`; nil for the identity.
    public var channelPermutation: [Int]?
    /// Added last, [N, H, W, C]; nil for 0.
    public var addend: Tensor?

    /// Creates a perturbation; the default changes nothing.
    public init(multiplier: Tensor? = nil, channelPermutation: [Int]? = nil, addend: Tensor? = nil) {
        self.multiplier = multiplier
        self.channelPermutation = channelPermutation
        self.addend = addend
    }
}
