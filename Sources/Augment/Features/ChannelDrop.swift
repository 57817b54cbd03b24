import TensorCore

/// Drops whole channels of a feature map, of each map its own, and scales the others so that the mean stays (Tompson et
/// al. 2015, "Efficient object localization using convolutional networks": spatial dropout).
public struct ChannelDrop: Sendable, Hashable {
    /// The probability that a channel is dropped, in 0 ..< 1.
    public let share: Double
    /// The probability that a map loses channels at all.
    public let probability: Double

    /// Creates a drop.
    public init(share: Double, probability: Double = 1) {
        require(
            share >= 0 && share < 1 && probability >= 0 && probability <= 1,
            "ChannelDrop: share \(share), probability \(probability) given; 0..<1, 0…1 expected")
        self.share = share
        self.probability = probability
    }

    /// Factors [N, 1, 1, C]: 0 for a dropped channel, elsewhere 1 / (1 − share).
    func draw(batch: Int, channels: Int, using random: inout Philox) -> Tensor {
        Tensor(shape: [batch, 1, 1, channels]) { span in
            for map in 0..<batch {
                let isDropping = Double(random.uniform()) < probability
                for channel in 0..<channels {
                    // Drawn for spared maps as well: what one map draws does not depend on another's luck.
                    let isDropped = Double(random.uniform()) < share
                    let factor: Double = isDropping ? (isDropped ? 0 : 1 / (1 - share)) : 1
                    span[map * channels + channel] = Float(factor)
                }
            }
        }
    }
}
