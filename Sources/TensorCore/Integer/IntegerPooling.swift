import CKernels

extension ByteTensor {
    /// The maximum of each window and channel; bytes keep their meaning.
    ///
    /// - Returns: [N, H', W', C]; self has shape [N, H, W, C].
    public func maxPooled(_ geometry: Pool2DGeometry, level: SIMDLevel = .active) -> ByteTensor {
        pooled("maxPooled", geometry) { image, window, output in
            rk_integer_max_pool(level.kernelForm, image, window, output)
        }
    }

    /// The mean of each window and channel, rounded to the output's steps.
    ///
    /// - Returns: [N, H', W', C]; self has shape [N, H, W, C].
    public func averagePooled(
        _ geometry: Pool2DGeometry, from input: AffineQuantization, to output: AffineQuantization,
        level: SIMDLevel = .active
    ) -> ByteTensor {
        require(
            geometry.windowHeight * geometry.windowWidth <= 1 << 22,
            "averagePooled: window \(geometry.windowHeight)×\(geometry.windowWidth), at most 2²² pixels expected")
        return pooled("averagePooled", geometry) { image, window, bytes in
            var sums = [Int32](repeating: 0, count: geometry.channels)
            rk_integer_average_pool(
                level.kernelForm, image, window, geometry.countsPadding ? 1 : 0, Int32(input.zeroPoint),
                input.scale / output.scale, Int32(output.zeroPoint), &sums, bytes)
        }
    }

    private func pooled(
        _ operation: String, _ geometry: Pool2DGeometry,
        _ kernel:
            @Sendable (UnsafePointer<UInt8>, UnsafePointer<rk_patch_geometry>, UnsafeMutablePointer<UInt8>) -> Void
    ) -> ByteTensor {
        let (batch, h, w, c) = shape.nhwc(for: operation)
        require(
            shape == geometry.inputShape(batch: batch),
            "\(operation): input has shape \(shape), \(geometry.inputShape(batch: batch)) expected")
        let result = ByteTensor(uninitialized: geometry.outputShape(batch: batch))
        let size = geometry.outputHeight * geometry.outputWidth * c
        Parallel.forEach(batch) { image in
            withUnsafePointer(to: geometry.kernelForm) {
                kernel(pointer + image * h * w * c, $0, result.pointer + image * size)
            }
        }
        return result
    }
}
