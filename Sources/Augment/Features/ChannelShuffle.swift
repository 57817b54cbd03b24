import TensorCore

/// Permutes the channels of a feature map at random, within groups of neighbouring channels.
public struct ChannelShuffle: Sendable, Hashable {
    /// Into how many groups the channels are cut: one permutes all of them, more keep a channel nearer its place.
    public let groups: Int
    /// The probability that the channels of a batch are permuted.
    public let probability: Double

    /// Creates a shuffle.
    public init(groups: Int = 1, probability: Double = 1) {
        require(
            groups >= 1 && probability >= 0 && probability <= 1,
            "ChannelShuffle: \(groups) groups, probability \(probability) given; 1 or more, 0…1 expected")
        self.groups = groups
        self.probability = probability
    }

    /// For each output channel the input channel; nil where nothing is permuted. Group g begins at ⌊g · C / groups⌋.
    func draw(channels: Int, using random: inout Philox) -> [Int]? {
        guard Double(random.uniform()) < probability else { return nil }
        let count = min(groups, channels)
        return (0..<count).flatMap { group in
            let first = group * channels / count
            return random.permutation(of: (group + 1) * channels / count - first).map { first + $0 }
        }
    }
}
