import TensorCore

extension Variable {
    /// Local response normalisation across channels (Krizhevsky et al., NIPS 2012, with the mean of the squares as ONNX
    /// and PyTorch have it): each value is divided by (bias + alpha · mean of the squares of the channels around)^beta.
    ///
    /// A composition: the mean over channels is an average pooling whose padding counts.
    ///
    /// - Parameters:
    ///   - size: channels in the mean; those that do not exist count as 0. Of an even number the larger half lies
    ///     behind the channel, as in ONNX; in PyTorch it lies before.
    ///   - alpha: the factor of the mean of the squares.
    ///   - beta: the exponent.
    ///   - bias: the term beside the mean, k in the paper.
    /// - Returns: [N, H, W, C] as self.
    public func localResponseNormalized(
        size: Int, alpha: Float = 1e-4, beta: Float = 0.75, bias: Float = 1
    ) -> Variable {
        let (_, h, w, c) = shape.nhwc(for: "localResponseNormalized")
        require(size > 0, "localResponseNormalized: size \(size), 1 or more expected")
        let window = PoolingWindow(
            size: (1, size), stride: (1, 1),
            padding: Padding2D(top: 0, left: (size - 1) / 2, bottom: 0, right: size / 2))
        let squares = (self * self).reshaped(to: [-1, h * w, c, 1])
        let means = AveragePool2DOperation(window).record([squares]).reshaped(to: [-1, h, w, c])
        return self * (means * alpha + bias).pow(-beta)
    }
}
