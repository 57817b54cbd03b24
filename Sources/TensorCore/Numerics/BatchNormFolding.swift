/// What batch normalisation with given statistics does to a channel: x · factor + offset, in double precision.
public struct BatchNormCoefficients: Sendable {
    /// scale / √(variance + ε).
    public let factors: [Double]
    /// shift − mean · factor.
    public let offsets: [Double]

    /// - Parameters:
    ///   - scale: [C], as are the others.
    ///   - epsilon: added to the variance.
    public init(scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: Float) {
        for tensor in [scale, shift, mean, variance] {
            require(
                tensor.shape == [scale.count],
                "BatchNormCoefficients: scale has shape \(scale.shape), another tensor \(tensor.shape)")
        }
        let factors = zip(scale.scalars, variance.scalars).map {
            Double($0) / (Double($1) + Double(epsilon)).squareRoot()
        }
        offsets = factors.indices.map { Double(shift.pointer[$0]) - Double(mean.pointer[$0]) * factors[$0] }
        self.factors = factors
    }

    /// The layer before, with the normalisation multiplied in: weights · factor, bias · factor + offset.
    ///
    /// - Parameters:
    ///   - weights: [..., C].
    ///   - bias: [C], or nil for zeros.
    public func folded(weights: Tensor, bias: Tensor?) -> (weights: Tensor, bias: Tensor) {
        let channels = factors.count
        require(
            weights.shape.extents.last == channels && bias?.shape ?? [channels] == [channels],
            "BatchNormCoefficients: \(channels) channels for weights \(weights.shape) and bias \(bias?.shape ?? [channels])"
        )
        let scaled = Tensor(shape: weights.shape) { span in
            for row in 0..<(channels == 0 ? 0 : weights.count / channels) {
                for channel in 0..<channels {
                    let place = row * channels + channel
                    span[place] = Float(Double(weights.pointer[place]) * factors[channel])
                }
            }
        }
        let shifted = (0..<channels).map { Float(Double(bias?.pointer[$0] ?? 0) * factors[$0] + offsets[$0]) }
        return (scaled, Tensor(shifted))
    }
}
