import TensorCore

/// Adds independent normally distributed numbers to every value of a feature map.
public struct FeatureNoise: Sendable, Hashable {
    /// In units of the map's values; 0 or more.
    public let standardDeviation: Double
    /// The probability that a map gets noise.
    public let probability: Double

    /// Creates noise.
    public init(standardDeviation: Double, probability: Double = 1) {
        require(
            standardDeviation >= 0 && standardDeviation.isFinite && probability >= 0 && probability <= 1,
            "FeatureNoise: deviation \(standardDeviation), probability \(probability) given; 0 or more, 0…1 expected")
        self.standardDeviation = standardDeviation
        self.probability = probability
    }

    /// What is added, of the given shape [N, H, W, C].
    func draw(shape: Shape, using random: inout Philox) -> Tensor {
        let size = shape[1] * shape[2] * shape[3]
        return Tensor(shape: shape) { span in
            for map in 0..<shape[0] {
                // Drawn for spared maps as well: what one map draws does not depend on another's luck.
                let deviation = Double(random.uniform()) < probability ? Float(standardDeviation) : 0
                for place in map * size..<(map + 1) * size { span[place] = deviation * random.normal() }
            }
        }
    }
}
