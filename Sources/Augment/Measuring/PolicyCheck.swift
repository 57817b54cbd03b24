import Datasets
import TensorCore

/// How far a policy may take images from the data.
public struct DriftLimits: Sendable, Hashable, Codable {
    /// The largest that each figure of ``StatisticsDrift`` may be.
    public var statistics: Double
    /// The least ``affinity(of:on:normalization:seed:network:)``, where a network is given.
    public var affinity: Double

    /// Creates limits. By default a figure of statistics may reach 0.7, a doubled deviation or gradient energy, and the
    /// network must recognise seven of ten images that it recognises as they are.
    public init(statistics: Double = 0.7, affinity: Double = 0.7) {
        self.statistics = statistics
        self.affinity = affinity
    }
}

/// How far a policy takes images from the data.
public struct PolicyDrift: Sendable, Hashable {
    /// Without a network.
    public let statistics: StatisticsDrift
    /// With one; nil without, or if the network recognises no image.
    public let affinity: Double?
}

extension AugmentationPolicy {
    /// Measures how far this policy takes images from the data, and refuses too far.
    ///
    /// - Parameters:
    ///   - images: of the data, some hundred; for a network, labelled and not its training images.
    ///   - limits: what is too far.
    ///   - normalization: the network's; that of the images when omitted.
    ///   - seed: what the draws depend on.
    ///   - file: the name that errors give.
    ///   - network: trained without the policy, from inputs [N, H, W, C] to logits [N, classes]; nil to look at
    ///     statistics alone.
    /// - Throws: `FormatError` that says which limit is passed and which operation by itself goes farthest.
    @discardableResult
    public func check(
        on images: ImageSet, limits: DriftLimits = DriftLimits(), normalization: Normalization? = nil,
        seed: UInt64 = 0, file: String = "policy", network: ((Tensor) -> Tensor)? = nil
    ) throws(FormatError) -> PolicyDrift {
        let normalization = normalization ?? .of(images)
        func drift(_ policy: AugmentationPolicy) -> StatisticsDrift {
            StatisticsDrift(from: images, to: policy.images(RawBatch(images: images, seed: seed, epoch: 0)))
        }
        func familiarity(_ policy: AugmentationPolicy) -> Double? {
            network.flatMap { affinity(of: policy, on: images, normalization: normalization, seed: seed, network: $0) }
        }
        let found = PolicyDrift(statistics: drift(self), affinity: familiarity(self))
        if let figure = found.statistics.figures.max(by: { $0.value < $1.value }), figure.value > limits.statistics {
            throw error(
                file, "\(figure.name) of the values moves by \(figure.value)", "at most \(limits.statistics)"
            ) { drift($0).largest }
        }
        if let affinity = found.affinity, affinity < limits.affinity {
            throw error(file, "affinity \(affinity)", "at least \(limits.affinity)") { 1 - (familiarity($0) ?? 0) }
        }
        return found
    }

    private func error(
        _ file: String, _ found: String, _ expected: String, _ measure: (AugmentationPolicy) -> Double
    ) -> FormatError {
        let tried = singleOperations.map { (single: $0, value: measure($0.policy)) }
        let farthest = tried.max { $0.value < $1.value }?.single
        return FormatError(
            file: file, place: farthest.map { "\($0.place) (\($0.name), which by itself goes farthest)" } ?? "",
            found: found, expected: expected)
    }
}
