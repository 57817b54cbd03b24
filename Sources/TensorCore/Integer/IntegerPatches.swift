import CKernels

// How the integer kernels read a convolution's patches: as runs of integers in a window of the image with its border.
extension Conv2DGeometry {
    /// Whether output pixel i reads input pixel i alone.
    var readsEachPixel: Bool {
        kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1 && padding.isZero
    }

    /// Whether every output channel reads the input channel of its own number alone.
    var isDepthwise: Bool { groups > 1 && groups == inputChannels && groups == outputChannels }

    /// The weights of some output channels as kernels read them that take operands of a size.
    func packed(_ weights: [Int8], channels: Range<Int>, operandSize: Int) -> [Int8] {
        let runs = runs(rowStride: 0)
        let size = rk_integer_packed_size(operandSize, runs.offsets.count, runs.length, channels.count)
        return [Int8](unsafeUninitializedCapacity: size) { buffer, initialized in
            weights.withUnsafeBufferPointer { source in
                rk_integer_pack(
                    operandSize, source.baseAddress.map { $0 + channels.lowerBound }, outputChannels,
                    runs.offsets.count, runs.length, channels.count, buffer.baseAddress)
            }
            initialized = size
        }
    }

    /// A patch of one group as runs of consecutive integers, in the order of the weights: a kernel row each, or a tap
    /// each where taps are apart.
    func runs(rowStride: Int) -> (offsets: [Int], length: Int) {
        if groups == 1 && dilationWidth == 1 {
            return ((0..<kernelHeight).map { $0 * dilationHeight * rowStride }, kernelWidth * inputChannels)
        }
        let offsets = (0..<kernelHeight * kernelWidth).map { tap in
            tap / kernelWidth * dilationHeight * rowStride + tap % kernelWidth * dilationWidth * inputChannels
        }
        return (offsets, inputChannels / groups)
    }

    var borderedWidth: Int { inputWidth + padding.left + padding.right }

    /// Rows of the input that some rows of the output read.
    func windowHeight(of rows: Int) -> Int { (rows - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1 }
}
