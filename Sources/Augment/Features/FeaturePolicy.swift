import Datasets
import TensorCore

/// What is done at random to feature maps inside a network, as a value: the same for every network that a drawn
/// perturbation fits, so that a teacher's and a student's maps stay comparable.
///
/// Everything is linear in the map, so gradients flow through it. Rows are blended first, then channels permuted, then
/// places masked and dropped, and noise is added last.
public struct FeaturePolicy: Sendable, Hashable {
    /// Covers places of the map; nil for none.
    public let mask: RandomMask?
    /// Permutes its channels; nil for none.
    public let shuffle: ChannelShuffle?
    /// Drops whole channels; nil for none.
    public let channelDrop: ChannelDrop?
    /// Drops blocks of each channel; nil for none.
    public let dropBlock: DropBlock?
    /// Adds noise; nil for none.
    public let noise: FeatureNoise?
    /// Blends rows of the batch; nil for none.
    public let mixUp: ManifoldMixUp?

    /// Creates a policy.
    public init(
        mask: RandomMask? = nil, shuffle: ChannelShuffle? = nil, channelDrop: ChannelDrop? = nil,
        dropBlock: DropBlock? = nil, noise: FeatureNoise? = nil, mixUp: ManifoldMixUp? = nil
    ) {
        self.mask = mask
        self.shuffle = shuffle
        self.channelDrop = channelDrop
        self.dropBlock = dropBlock
        self.noise = noise
        self.mixUp = mixUp
    }

    /// Draws a perturbation for one batch of feature maps.
    ///
    /// - Parameters:
    ///   - shape: of the maps, [N, H, W, C].
    ///   - random: a stream of this batch alone, such as `Philox(seed:epoch:sample:operation:)` with the step as sample
    ///     and `RandomPurpose.features` as operation.
    public func draw(shape: Shape, using random: inout Philox) -> FeaturePerturbation {
        require(shape.rank == 4, "FeaturePolicy.draw: shape \(shape) given, [N, H, W, C] expected")
        let mask = mask?.draw(batch: shape[0], height: shape[1], width: shape[2], using: &random)
        let permutation = shuffle?.draw(channels: shape[3], using: &random)
        let channels = channelDrop?.draw(batch: shape[0], channels: shape[3], using: &random)
        let blocks = dropBlock?.draw(shape: shape, using: &random)
        let factors = [mask, channels, blocks].compactMap { $0 }
        let multiplier = factors.count < 2 ? factors.first : factors.map { $0.broadcast(to: shape) }.product
        return FeaturePerturbation(
            multiplier: multiplier, channelPermutation: permutation,
            addend: noise?.draw(shape: shape, using: &random), rowBlend: mixUp?.draw(batch: shape[0], using: &random))
    }
}

extension [Tensor] {
    /// Of one shape, one or more.
    fileprivate var product: Tensor { dropFirst().reduce(self[0]) { $0 * $1 } }
}
