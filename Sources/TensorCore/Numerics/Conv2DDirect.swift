import CKernels

/// A convolution that the direct kernels can do: each image is padded into a workspace, then read in place.
struct DirectConvolution {
    private let geometry: rk_direct_geometry
    private let input: (height: Int, width: Int, top: Int, left: Int)
    private let block: Int

    /// The convolution itself; nil with dilation, groups, or output channels that fill no vectors.
    init?(_ geometry: Conv2DGeometry) {
        guard geometry.dilationHeight == 1, geometry.dilationWidth == 1, geometry.groups == 1 else { return nil }
        self.init(
            rk_direct_geometry(
                padded_height: (geometry.outputHeight - 1) * geometry.strideHeight + geometry.kernelHeight,
                padded_width: (geometry.outputWidth - 1) * geometry.strideWidth + geometry.kernelWidth,
                channels: geometry.inputChannels, kernel_height: geometry.kernelHeight,
                kernel_width: geometry.kernelWidth, stride_height: geometry.strideHeight,
                stride_width: geometry.strideWidth, output_height: geometry.outputHeight,
                output_width: geometry.outputWidth, output_channels: geometry.outputChannels),
            (geometry.inputHeight, geometry.inputWidth, geometry.paddingHeight, geometry.paddingWidth))
    }

    /// The gradient to the input, which at stride 1 is a convolution of the upstream gradient with the flipped weights.
    init?(backThrough geometry: Conv2DGeometry) {
        guard geometry.dilationHeight == 1, geometry.dilationWidth == 1, geometry.groups == 1,
            geometry.strideHeight == 1, geometry.strideWidth == 1, geometry.paddingHeight < geometry.kernelHeight,
            geometry.paddingWidth < geometry.kernelWidth
        else { return nil }
        self.init(
            rk_direct_geometry(
                padded_height: geometry.inputHeight + geometry.kernelHeight - 1,
                padded_width: geometry.inputWidth + geometry.kernelWidth - 1, channels: geometry.outputChannels,
                kernel_height: geometry.kernelHeight, kernel_width: geometry.kernelWidth, stride_height: 1,
                stride_width: 1, output_height: geometry.inputHeight, output_width: geometry.inputWidth,
                output_channels: geometry.inputChannels),
            (
                geometry.outputHeight, geometry.outputWidth, geometry.kernelHeight - 1 - geometry.paddingHeight,
                geometry.kernelWidth - 1 - geometry.paddingWidth
            ))
    }

    private init?(_ geometry: rk_direct_geometry, _ input: (height: Int, width: Int, top: Int, left: Int)) {
        block = rk_direct_block(geometry.output_channels)
        // The kernels copy whole rows, so padding may not exceed what the windows read.
        guard block > 0, input.left < geometry.padded_width, input.top < geometry.padded_height else { return nil }
        self.geometry = geometry
        self.input = input
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - weights: [kernel height, kernel width, C, C'].
    ///   - bias: [C'].
    /// - Returns: [N, H', W', C'].
    func forward(_ x: Tensor, _ weights: Tensor, bias: Tensor?, batch: Int) -> Tensor {
        let taps = geometry.kernel_height * geometry.kernel_width * geometry.channels
        var packed = Tensor(uninitialized: weights.shape)
        rk_pack_direct(weights.pointer, taps, geometry.output_channels, block, packed.mutablePointer())
        let (kernel, size) = (packed, geometry.output_height * geometry.output_width * geometry.output_channels)
        var output = Tensor(
            uninitialized: [batch, geometry.output_height, geometry.output_width, geometry.output_channels])
        let y = SendablePointer(output.mutablePointer())
        Parallel.forEach(batch) { image in
            withPadded(x, image) { padded in
                withUnsafePointer(to: geometry) {
                    rk_direct_forward(padded, $0, kernel.pointer, bias?.pointer, y.pointer + image * size)
                }
            }
        }
        return output
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - upstream: [N, H', W', C'].
    /// - Returns: [kernel height, kernel width, C, C'].
    func gradientToWeights(_ x: Tensor, _ upstream: Tensor, batch: Int) -> Tensor {
        let shape: Shape = [
            geometry.kernel_height, geometry.kernel_width, geometry.channels, geometry.output_channels,
        ]
        let size = geometry.output_height * geometry.output_width * geometry.output_channels
        // Each piece sums over its images; the pieces' sums are added in order. Their number depends on the batch alone.
        let pieces = max(1, min(batch, 8))
        var parts = Tensor.zeros([pieces, shape.elementCount])
        let dw = SendablePointer(parts.mutablePointer())
        Parallel.forEach(pieces) { piece in
            for image in (piece * batch / pieces)..<((piece + 1) * batch / pieces) {
                withPadded(x, image) { padded in
                    withUnsafePointer(to: geometry) {
                        rk_direct_weight_gradient(
                            padded, $0, upstream.pointer + image * size, dw.pointer + piece * shape.elementCount)
                    }
                }
            }
        }
        return sumOverFirstAxis(parts).reshaped(to: shape)
    }

    /// Lends one image with zeros around it; the image itself where nothing is to be added.
    private func withPadded(_ x: Tensor, _ image: Int, _ body: (UnsafePointer<Float>) -> Void) {
        let from = x.pointer + image * input.height * input.width * geometry.channels
        guard geometry.padded_height != input.height || geometry.padded_width != input.width else { return body(from) }
        let storage = TensorStorage(count: geometry.padded_height * geometry.padded_width * geometry.channels)
        withExtendedLifetime(storage) {
            withUnsafePointer(to: geometry) {
                rk_pad(from, $0, input.height, input.width, input.top, input.left, storage.base)
            }
            body(UnsafePointer(storage.base))
        }
    }
}

/// Weights [kernel height, kernel width, C, C'] turned by 180° and with the channels exchanged: [.., C', C].
func flipped(_ weights: Tensor) -> Tensor {
    let s = weights.shape
    var result = Tensor(uninitialized: [s[0], s[1], s[3], s[2]])
    rk_flip_weights(weights.pointer, s[0] * s[1], s[2], s[3], result.mutablePointer())
    return result
}
