import Datasets
import TensorCore

/// What is done at random to feature maps inside a network, as a value: the same for every network that a drawn
/// perturbation fits, so that a teacher's and a student's maps stay comparable.
public struct FeaturePolicy: Sendable, Hashable {
    /// Covers places of the map; nil for none.
    public let mask: RandomMask?
    /// Permutes its channels; nil for none.
    public let shuffle: ChannelShuffle?

    /// Creates a policy.
    public init(mask: RandomMask? = nil, shuffle: ChannelShuffle? = nil) {
        self.mask = mask
        self.shuffle = shuffle
    }

    /// Draws a perturbation for one batch of feature maps.
    ///
    /// - Parameters:
    ///   - shape: of the maps, [N, H, W, C].
    ///   - random: a stream of this batch alone, such as `Philox(seed:epoch:sample:operation:)` with the step as sample
    ///     and `RandomPurpose.features` as operation.
    public func draw(shape: Shape, using random: inout Philox) -> FeaturePerturbation {
        require(shape.rank == 4, "FeaturePolicy.draw: shape \(shape) given, [N, H, W, C] expected")
        let multiplier = mask?.draw(batch: shape[0], height: shape[1], width: shape[2], using: &random)
        return FeaturePerturbation(
            multiplier: multiplier, channelPermutation: shuffle?.draw(channels: shape[3], using: &random))
    }
}
