import CKernels

/// Along one axis, the input pixels first, first + stride, … and what reaches them: pixel y gets upstream o · weight k
/// wherever o · stride + k = y + padding.
struct GradientPhase {
    let first: Int
    /// How many pixels.
    let pixels: Int
    /// How many taps reach them, and where the first of these is in the flipped kernel; the next is a stride on.
    let taps, firstTap: Int
    /// Zeros before the upstream gradient, so that its first window begins there.
    let padding: Int

    static func all(stride: Int, kernel: Int, padding: Int, extent: Int) -> [GradientPhase] {
        (0..<min(stride, extent)).map { first in
            let lowest = (first + padding) % stride  // the lowest tap of the kernel that reaches them
            let taps = lowest < kernel ? (kernel - lowest + stride - 1) / stride : 0
            let highest = lowest + (taps - 1) * stride
            return GradientPhase(
                first: first, pixels: (extent - first + stride - 1) / stride, taps: taps,
                firstTap: kernel - 1 - highest, padding: taps - 1 - (first + padding - lowest) / stride)
        }
    }

    /// The same with taps that are apart; nil where the windows are apart too.
    static func all(
        stride: Int, kernel: Int, padding: Int, dilation: Int, extent: Int
    ) -> [GradientPhase]? {
        if dilation == 1 { return all(stride: stride, kernel: kernel, padding: padding, extent: extent) }
        guard stride == 1 else { return nil }
        return [
            GradientPhase(
                first: 0, pixels: extent, taps: kernel, firstTap: 0, padding: (kernel - 1) * dilation - padding)
        ]
    }
}

extension Tensor {
    /// Some taps of weights [kernel height, kernel width, C, C'].
    func taking(
        rows firstRow: Int, _ rows: Int, step rowStep: Int, columns firstColumn: Int, _ columns: Int,
        step columnStep: Int
    ) -> Tensor {
        if rows == shape[0] && columns == shape[1] { return self }
        let strides = shape.strides
        return gathered(
            shape: [rows, columns, shape[2], shape[3]],
            strides: [strides[0] * rowStep, strides[1] * columnStep, strides[2], strides[3]],
            base: firstRow * strides[0] + firstColumn * strides[1])
    }
}

/// Weights [kernel height, kernel width, C, C'] turned by 180° and with the channels exchanged: [.., C', C].
func flipped(_ weights: Tensor) -> Tensor {
    let s = weights.shape
    var result = Tensor(uninitialized: [s[0], s[1], s[3], s[2]])
    rk_flip_weights(weights.pointer, s[0] * s[1], s[2], s[3], result.mutablePointer())
    return result
}
