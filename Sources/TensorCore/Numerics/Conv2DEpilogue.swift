import CKernels

/// What a convolution does to its result before it stores it: bias [C'], residual of the result's shape, max(·, 0).
struct Conv2DEpilogue: Sendable {
    var bias: Tensor?
    var residual: Tensor?
    var relu = false

    /// Lends the form that the kernels take; the residual begins `offset` elements on.
    func withKernelForm<R>(offset: Int = 0, _ body: (UnsafePointer<rk_epilogue>) -> R) -> R {
        withExtendedLifetime(self) {
            withUnsafePointer(
                to: rk_epilogue(
                    bias: bias?.pointer, residual: residual.map { $0.pointer + offset }, relu: relu ? 1 : 0), body)
        }
    }
}

/// Packed weights fit the level of the processor that they were packed for.
func requirePackedForActiveLevel(_ block: Int, _ active: Int) {
    require(
        block == active,
        "convolution2D: weights were prepared in blocks of \(block) channels, but \(SIMDLevel.active) takes \(active); "
            + "the SIMD level was changed in between")
}
