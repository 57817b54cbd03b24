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
}
