import CKernels

/// What the bytes of an activation stand for: real = scale · (byte − zeroPoint), the UINT8 of ONNX QuantizeLinear.
public struct AffineQuantization: Hashable, Sendable {
    /// The step between neighbouring bytes, positive.
    public let scale: Float
    /// The byte of 0, which every range holds, so that padding is exact.
    public let zeroPoint: UInt8

    /// Creates a quantisation.
    ///
    /// - Parameter scale: a positive, normal number.
    public init(scale: Float, zeroPoint: UInt8) {
        require(scale.isNormal && scale > 0, "AffineQuantization: scale \(scale), a positive number expected")
        self.scale = scale
        self.zeroPoint = zeroPoint
    }

    /// The finest quantisation of a range and 0. A range that is all but empty gets one that cannot overflow.
    public init(covering range: ClosedRange<Float>) {
        require(
            range.lowerBound.isFinite && range.upperBound.isFinite,
            "AffineQuantization: range \(range), finite bounds expected")
        let low = min(Double(range.lowerBound), 0)
        let high = max(Double(range.upperBound), 0)
        let step = max((high - low) / 255, 0x1p-60)
        self.init(scale: Float(step), zeroPoint: UInt8((-low / step).rounded(.toNearestOrEven)))
    }

    /// The bounds of y − zeroPoint, where y is a byte; from 0 with a ReLU.
    func bounds(relu: Bool) -> (low: Float, high: Float) {
        (relu ? 0 : -Float(zeroPoint), 255 - Float(zeroPoint))
    }
}

extension Tensor {
    /// Every element as a byte: zeroPoint + round(x / scale), half to even, saturated. NaN becomes the lowest byte.
    public func quantized(_ quantization: AffineQuantization, level: SIMDLevel = .active) -> ByteTensor {
        let result = ByteTensor(uninitialized: shape)
        rk_quantize(
            level.kernelForm, pointer, count, quantization.scale, Int32(quantization.zeroPoint), result.pointer)
        return result
    }
}

extension ByteTensor {
    /// Every byte as the number that it stands for.
    public func dequantized(_ quantization: AffineQuantization, level: SIMDLevel = .active) -> Tensor {
        var result = Tensor(uninitialized: shape)
        rk_dequantize(
            level.kernelForm, pointer, count, quantization.scale, Int32(quantization.zeroPoint),
            result.mutablePointer())
        return result
    }
}
