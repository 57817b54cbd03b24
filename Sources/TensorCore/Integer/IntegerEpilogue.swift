import CKernels

/// What turns a layer's sums into bytes.
struct IntegerEpilogue: Sendable {
    let output: AffineQuantization
    let residual: IntegerConvolution.Residual?
    let relu: Bool

    /// Lends the form that the kernels take.
    ///
    /// - Parameters:
    ///   - multipliers: a channel each; in whole blocks where the kernel asks for them.
    ///   - place: where in the result the kernel's output begins.
    func withKernelForm(
        _ multipliers: [Float], place: Int = 0, _ body: (UnsafePointer<rk_requantization>) -> Void
    ) {
        let bounds = output.bounds(relu: relu)
        multipliers.withUnsafeBufferPointer { multipliers in
            var form = rk_requantization(
                multiplier: multipliers.baseAddress, residual: residual.map { UnsafePointer($0.bytes.pointer + place) },
                residual_multiplier: residual.map { $0.quantization.scale / output.scale } ?? 0,
                residual_zero: residual.map { Int32($0.quantization.zeroPoint) } ?? 0, low: bounds.low,
                high: bounds.high, zero: Int32(output.zeroPoint))
            body(&form)
        }
    }
}
