import CKernels

/// A convolution of each channel by itself, with one kernel or several: as many groups as input channels.
///
/// With several kernels a channel, the image is first widened to a channel each. Kernels 3 and 5 wide at stride 1 and
/// 2 have tiles of their own; others are computed pixel by pixel.
struct DepthwiseConvolution: Sendable {
    private let geometry: Conv2DGeometry

    init?(_ geometry: Conv2DGeometry) {
        guard geometry.groups > 1, geometry.groups == geometry.inputChannels else { return nil }
        self.geometry = geometry
    }

    /// Kernels a channel.
    private var multiplier: Int { geometry.outputChannels / geometry.inputChannels }

    /// Elements of one image of the result.
    private var outputSize: Int { geometry.outputPixels * geometry.outputChannels }

    /// Elements of one image that has a channel for each kernel.
    private var widenedSize: Int { geometry.inputHeight * geometry.inputWidth * geometry.outputChannels }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - weights: [kernel height, kernel width, 1, C'].
    /// - Returns: [N, H', W', C'].
    func forward(_ x: Tensor, _ weights: Tensor, _ epilogue: Conv2DEpilogue) -> Tensor {
        let (batch, rows, widened) = (x.shape[0], geometry.outputHeight, widened(x))
        var output = Tensor(uninitialized: geometry.outputShape(batch: batch))
        let y = SendablePointer(output.mutablePointer())
        let parts = partsOfImage(batch: batch, multiplyAdds: geometry.multiplyAdds)
        let perPart = (rows + parts - 1) / parts
        Parallel.forEach(batch * parts) { piece in
            let (image, first) = (piece / parts, piece % parts * perPart)
            guard first < rows else { return }
            let place = image * outputSize
            epilogue.withKernelForm(offset: place) { epilogue in
                withUnsafePointer(to: kernelForm) {
                    rk_depthwise_forward(
                        widened.pointer + image * widenedSize, $0, first, min(perPart, rows - first), weights.pointer,
                        epilogue, y.pointer + place)
                }
            }
        }
        return output
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - upstream: [N, H', W', C'].
    /// - Returns: [kernel height, kernel width, 1, C'].
    func gradientToWeights(_ x: Tensor, _ upstream: Tensor) -> Tensor {
        let widened = widened(x)
        return sumOverImages(x.shape[0], size: geometry.weightShape.elementCount) { images, dw in
            withUnsafePointer(to: kernelForm) {
                for image in images {
                    rk_depthwise_weight_gradient(
                        widened.pointer + image * widenedSize, $0, upstream.pointer + image * outputSize, dw)
                }
            }
        }.reshaped(to: geometry.weightShape)
    }

    /// By depthwise convolutions of the upstream gradient, one for each pixel of a stride; nil where taps are apart and
    /// so are the windows.
    ///
    /// - Parameters:
    ///   - upstream: [N, H', W', C'].
    ///   - weights: [kernel height, kernel width, 1, C'].
    /// - Returns: [N, H, W, C].
    func gradientToInput(_ upstream: Tensor, _ weights: Tensor) -> Tensor? {
        guard
            let rows = GradientPhase.all(
                stride: geometry.strideHeight, kernel: geometry.kernelHeight, padding: geometry.padding.top,
                dilation: geometry.dilationHeight, extent: geometry.inputHeight),
            let columns = GradientPhase.all(
                stride: geometry.strideWidth, kernel: geometry.kernelWidth, padding: geometry.padding.left,
                dilation: geometry.dilationWidth, extent: geometry.inputWidth)
        else { return nil }
        let (batch, flipped) = (upstream.shape[0], flipped(weights))
        let pairs = rows.flatMap { row in columns.map { (row, $0) } }.filter { $0.taps > 0 && $1.taps > 0 }
        let phases = pairs.map { row, column in
            let taps = flipped.taking(
                rows: row.firstTap, row.taps, step: geometry.strideHeight, columns: column.firstTap, column.taps,
                step: geometry.strideWidth)
            return (form(row, column), taps, row.first * geometry.inputWidth + column.first)
        }
        let shape: Shape = [batch, geometry.inputHeight, geometry.inputWidth, geometry.outputChannels]
        var gradient = phases.count < rows.count * columns.count ? Tensor.zeros(shape) : Tensor(uninitialized: shape)
        let dx = SendablePointer(gradient.mutablePointer())
        Parallel.forEach(batch) { image in
            var none = rk_epilogue()
            for (form, taps, first) in phases {
                withUnsafePointer(to: form) {
                    rk_depthwise_forward(
                        upstream.pointer + image * outputSize, $0, 0, form.output_height, taps.pointer, &none,
                        dx.pointer + image * widenedSize + first * geometry.outputChannels)
                }
            }
        }
        return narrowed(gradient)
    }

    private var kernelForm: rk_depthwise_geometry {
        let (width, channels) = (geometry.outputWidth, geometry.outputChannels)
        return rk_depthwise_geometry(
            height: geometry.inputHeight, width: geometry.inputWidth, channels: channels,
            kernel_height: geometry.kernelHeight, kernel_width: geometry.kernelWidth,
            stride_height: geometry.strideHeight, stride_width: geometry.strideWidth,
            dilation_height: geometry.dilationHeight, dilation_width: geometry.dilationWidth,
            top: geometry.padding.top, left: geometry.padding.left, output_height: geometry.outputHeight,
            output_width: width, output_row: width * channels, output_pixel: channels)
    }

    /// The convolution that gives the pixels of two phases their gradient.
    private func form(_ row: GradientPhase, _ column: GradientPhase) -> rk_depthwise_geometry {
        let channels = geometry.outputChannels
        return rk_depthwise_geometry(
            height: geometry.outputHeight, width: geometry.outputWidth, channels: channels, kernel_height: row.taps,
            kernel_width: column.taps, stride_height: 1, stride_width: 1, dilation_height: geometry.dilationHeight,
            dilation_width: geometry.dilationWidth, top: row.padding, left: column.padding, output_height: row.pixels,
            output_width: column.pixels, output_row: geometry.strideHeight * geometry.inputWidth * channels,
            output_pixel: geometry.strideWidth * channels)
    }

    /// [N, H, W, C] with each channel once for each of its kernels: [N, H, W, C'].
    private func widened(_ x: Tensor) -> Tensor {
        guard multiplier > 1 else { return x }
        var result = Tensor(
            uninitialized: [x.shape[0], geometry.inputHeight, geometry.inputWidth, geometry.outputChannels])
        let to = SendablePointer(result.mutablePointer())
        Parallel.forEach(x.shape[0]) { image in
            let size = widenedSize / multiplier
            rk_repeat_channels(x.pointer + image * size, size, multiplier, to.pointer + image * widenedSize)
        }
        return result
    }

    /// [N, H, W, C'] with the kernels of each channel added up: [N, H, W, C].
    private func narrowed(_ x: Tensor) -> Tensor {
        guard multiplier > 1 else { return x }
        var result = Tensor(uninitialized: geometry.inputShape(batch: x.shape[0]))
        let to = SendablePointer(result.mutablePointer())
        Parallel.forEach(x.shape[0]) { image in
            let size = widenedSize / multiplier
            rk_sum_repeated_channels(x.pointer + image * widenedSize, size, multiplier, to.pointer + image * size)
        }
        return result
    }
}
