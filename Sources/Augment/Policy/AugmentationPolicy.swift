import Datasets
import TensorCore

/// What is done at random to training images: a list of operations, each with a probability, as a value.
///
///     let policy = AugmentationPolicy {
///         Affine(rotate: -30...30, scale: 0.8...1.2, translate: 0.2).probability(0.8)
///         GaussianNoise(standardDeviation: 0.1).probability(0.25)
///         OneOf {
///             Gamma(0.7...1.5)
///             Cutout(size: 0.3)
///         }
///     }
///
/// A policy is compared, hashed and kept in JSON like any value, and has no state. It turns bytes into normalised
/// inputs as a `BatchTransform`. Every draw is a pure function of seed, epoch, sample id, the operation's place in the
/// policy and the batch's draw number, so the bits depend neither on threads nor on a sample's neighbours (but for
/// ``MixUp``, which needs them).
///
/// Images of any sizes become views of the one at which a network reads them. Between operations they are bytes;
/// neighbouring geometric operations are one resampling, and neighbouring operations on single values one table.
public struct AugmentationPolicy: Sendable, Hashable {
    /// The operations and groups, each with its probability, in the order in which they act.
    public let steps: [AugmentationStep]

    /// Creates a policy from the operations in the closure, which act in that order.
    ///
    /// - Parameter steps: fewer than 1,000 operations and groups, counting those inside groups.
    public init(@PolicyBuilder _ steps: () -> [AugmentationStep]) { self.init(steps: steps()) }

    init(steps: [AugmentationStep]) {
        let places = steps.reduce(0) { $0 + $1.placeCount }
        require(
            places < AugmentationStep.placeLimit,
            "AugmentationPolicy: \(places) operations and groups, fewer than \(AugmentationStep.placeLimit) expected")
        self.steps = steps
    }

    /// The same policy with all ranges widened or narrowed about what changes nothing.
    ///
    /// Rotations, shifts, contrast, noise and sizes grow with the factor, within what each operation allows;
    /// probabilities stay. A flip has no strength and stays, but a factor of 0 leaves no operation at all.
    ///
    /// - Parameter factor: 0 or more; 1 changes nothing.
    public func scaled(by factor: Double) -> AugmentationPolicy {
        require(factor >= 0 && factor.isFinite, "AugmentationPolicy.scaled: \(factor) given, 0 or more expected")
        return AugmentationPolicy(steps: factor == 0 ? [] : steps.map { $0.scaled(by: factor) })
    }
}
