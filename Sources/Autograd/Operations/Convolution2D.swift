import TensorCore

extension Variable {
    /// Convolution with a kernel, and a bias if there is one.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C / groups, C'].
    ///   - bias: [C'].
    ///   - geometry: the sizes; self has shape [N, H, W, C].
    /// - Returns: [N, H', W', C'].
    public func convolved(with weights: Variable, bias: Variable? = nil, _ geometry: Conv2DGeometry) -> Variable {
        let output = convolution2D(value, weights.value, bias: bias?.value, geometry)
        let (input, kernel, wantsInput, hasBias) = (value, weights.value, node != nil, bias != nil)
        return tape.record(.convolution2D(geometry), output, from: [self, weights] + (bias.map { [$0] } ?? [])) {
            upstream in
            // The first layer's input is data: its gradient, a third of the layer's work, is not wanted.
            [
                wantsInput ? convolution2DGradientToInput(upstream, kernel, geometry) : nil,
                convolution2DGradientToWeights(input, upstream, geometry),
            ] + (hasBias ? [sumOverLeadingAxes(upstream)] : [])
        }
    }

    /// Convolution, batch normalisation with given statistics, a residual added and negative values cut, in one pass over the
    /// map; nil on a tape that trains or traces, which wants the steps one by one.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C / groups, C'].
    ///   - bias: [C'].
    ///   - geometry: the sizes; self has shape [N, H, W, C].
    ///   - coefficients: of the normalisation; computed only if wanted.
    ///   - residual: [N, H', W', C'].
    ///   - relu: whether max(·, 0) follows.
    public func convolved(
        with weights: Tensor, bias: Tensor?, _ geometry: Conv2DGeometry,
        normalizedBy coefficients: @autoclosure () -> BatchNormCoefficients, residual: Tensor?, relu: Bool
    ) -> Variable? {
        guard tape.mode == .evaluation, tape.trace == nil else { return nil }
        let folded = coefficients().folded(weights: weights, bias: bias)
        return tape.constant(
            PreparedConvolution2D(folded.weights, bias: folded.bias, geometry)(value, residual: residual, relu: relu))
    }
}
