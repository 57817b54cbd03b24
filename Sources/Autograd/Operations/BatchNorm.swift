import TensorCore

extension Variable {
    /// Batch normalisation with the batch's own statistics, a residual added and negative values cut if asked, as one
    /// step: the map is read and written once.
    ///
    /// - Parameters:
    ///   - scale: [C]; self has shape [..., C].
    ///   - shift: [C].
    ///   - epsilon: added to the variance.
    ///   - residual: shape of self.
    ///   - relu: whether max(·, 0) follows.
    /// - Returns: the result, and mean and biased variance of each channel over the batch.
    public func batchNormalized(
        scale: Variable, shift: Variable, epsilon: Float, residual: Variable? = nil, relu: Bool = false
    ) -> (output: Variable, mean: Tensor, variance: Tensor) {
        let (result, statistics) = batchNormTraining(
            value, scale: scale.value, shift: shift.value, epsilon: epsilon, residual: residual?.value, relu: relu)
        let (input, factor, offset, addend) = (value, scale.value, shift.value, residual?.value)
        let inputs = [self, scale, shift] + (residual.map { [$0] } ?? [])
        let output = tape.record(.learning("batchNorm with the batch's statistics"), result, from: inputs) {
            upstream in
            let gradients = batchNormTrainingGradient(
                upstream, x: input, statistics: statistics, scale: factor, shift: offset, residual: addend, relu: relu)
            return [gradients.x, gradients.scale, gradients.shift] + (addend == nil ? [] : [gradients.residual])
        }
        return (output, statistics.mean, statistics.variance)
    }

    /// Batch normalisation with given statistics. No gradient reaches the statistics.
    ///
    /// - Parameters:
    ///   - scale: [C]; self has shape [..., C].
    ///   - shift: [C].
    ///   - mean: [C].
    ///   - variance: [C].
    ///   - epsilon: added to the variance.
    ///   - residual: shape of self.
    ///   - relu: whether max(·, 0) follows.
    public func batchNormalized(
        scale: Variable, shift: Variable, mean: Variable, variance: Variable, epsilon: Float,
        residual: Variable? = nil, relu: Bool = false
    ) -> Variable {
        // A trace, and a pass that learns with frozen statistics, take the steps one by one; in use they are one.
        guard tape.trace == nil, tape.mode == .evaluation else {
            var output = batchNormalizedAlone(
                scale: scale, shift: shift, mean: mean, variance: variance, epsilon: epsilon)
            if let residual { output = output + residual }
            return relu ? output.relu() : output
        }
        return tape.constant(
            batchNormInference(
                value, scale: scale.value, shift: shift.value, mean: mean.value, variance: variance.value,
                epsilon: epsilon, residual: residual?.value, relu: relu))
    }

    private func batchNormalizedAlone(
        scale: Variable, shift: Variable, mean: Variable, variance: Variable, epsilon: Float
    ) -> Variable {
        let output = batchNormInference(
            value, scale: scale.value, shift: shift.value, mean: mean.value, variance: variance.value,
            epsilon: epsilon)
        let inputs = [self, scale, shift, mean, variance]
        let (input, factor, center, spread) = (value, scale.value, mean.value, variance.value)
        return tape.record(.batchNorm(epsilon: epsilon), output, from: inputs) { upstream in
            frozenBatchNormGradient(
                upstream, x: input, scale: factor, mean: center, variance: spread, epsilon: epsilon) + [nil, nil]
        }
    }
}

/// With the statistics fixed, batch-norm is affine: dx = dy · scale / σ, dscale = Σ dy (x − mean) / σ, dshift = Σ dy.
func frozenBatchNormGradient(
    _ upstream: Tensor, x: Tensor, scale: Tensor, mean: Tensor, variance: Tensor, epsilon: Float
) -> [Tensor?] {
    let channels = scale.count
    let zeros = Tensor.zeros([channels])
    let ones = Tensor.ones([channels])
    let normalized = batchNormInference(
        x, scale: ones, shift: zeros, mean: mean, variance: variance, epsilon: epsilon)
    let dx = batchNormInference(
        upstream, scale: scale, shift: zeros, mean: zeros, variance: variance, epsilon: epsilon)
    return [dx, sumOverLeadingAxes(upstream * normalized), sumOverLeadingAxes(upstream)]
}
