import CKernels

extension Tensor {
    /// What is left of every element after rounding to bytes: scale · clamp(round(x / scale), −zeroPoint, 255 −
    /// zeroPoint), half to even; equal to ``quantized(_:level:)`` and ``ByteTensor/dequantized(_:level:)`` one after
    /// the other.
    public func fakeQuantized(_ quantization: AffineQuantization) -> Tensor {
        map1(self) { x, out, count in
            rk_fake_quantize(x, count, quantization.scale, Int32(quantization.zeroPoint), out)
        }
    }

    /// The straight-through gradients of ``fakeQuantized(_:)``, as learnt step size quantisation defines them (Esser et
    /// al., arXiv 1902.08153, equation 3).
    ///
    /// Inside −zeroPoint < x / scale < 255 − zeroPoint an element's gradient passes unchanged and its share of the
    /// scale's is round(x / scale) − x / scale; outside nothing passes and the share is the bound, −zeroPoint or 255 −
    /// zeroPoint.
    ///
    /// - Parameter upstream: the gradient with respect to the result, shape of self.
    /// - Returns: those with respect to self and to the scale.
    public func fakeQuantizationGradients(
        _ upstream: Tensor, _ quantization: AffineQuantization
    ) -> (x: Tensor, scale: Float) {
        require(
            shape == upstream.shape, "fakeQuantizationGradients: shapes \(shape) and \(upstream.shape) differ")
        var (dx, shares) = (Tensor(uninitialized: shape), Tensor(uninitialized: shape))
        let (toX, toShares) = (SendablePointer(dx.mutablePointer()), SendablePointer(shares.mutablePointer()))
        forEachRange(count) { first, count in
            rk_fake_quantize_gradient(
                upstream.pointer + first, pointer + first, count, quantization.scale, Int32(quantization.zeroPoint),
                toX.pointer + first, toShares.pointer + first)
        }
        return (dx, shares.sum())
    }
}
