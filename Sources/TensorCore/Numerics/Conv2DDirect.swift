import CKernels

/// A convolution that the direct kernels can do: each image is padded into a workspace, then read in place.
struct DirectConvolution: Sendable {
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
                output_width: geometry.outputWidth, output_channels: geometry.outputChannels,
                output_row: geometry.outputWidth * geometry.outputChannels, output_pixel: geometry.outputChannels),
            (geometry.inputHeight, geometry.inputWidth, geometry.padding.top, geometry.padding.left))
    }

    /// One phase of the gradient to the input: the pixels (phase.y + i · stride, phase.x + j · stride), whose gradient
    /// is a convolution of the upstream gradient with those taps of the flipped kernel that reach them.
    ///
    /// Nil for a phase that no tap reaches, with dilation or groups, or where the channels fill no vectors.
    fileprivate init?(backThrough geometry: Conv2DGeometry, _ rows: GradientPhase, _ columns: GradientPhase) {
        guard rows.taps > 0, columns.taps > 0, rows.padding >= 0, columns.padding >= 0 else { return nil }
        self.init(
            rk_direct_geometry(
                padded_height: rows.pixels + rows.taps - 1, padded_width: columns.pixels + columns.taps - 1,
                channels: geometry.outputChannels, kernel_height: rows.taps, kernel_width: columns.taps,
                stride_height: 1, stride_width: 1, output_height: rows.pixels, output_width: columns.pixels,
                output_channels: geometry.inputChannels,
                output_row: geometry.strideHeight * geometry.inputWidth * geometry.inputChannels,
                output_pixel: geometry.strideWidth * geometry.inputChannels),
            (geometry.outputHeight, geometry.outputWidth, rows.padding, columns.padding))
    }

    private init?(_ geometry: rk_direct_geometry, _ input: (height: Int, width: Int, top: Int, left: Int)) {
        block = rk_direct_block(geometry.output_channels)
        // The kernels copy whole rows, so padding may not exceed what the windows read.
        guard block > 0, input.left < geometry.padded_width, input.top < geometry.padded_height else { return nil }
        self.geometry = geometry
        self.input = input
    }

    /// Weights [kernel height, kernel width, C, C'] as the kernels read them.
    func packed(_ weights: Tensor) -> Tensor {
        let taps = geometry.kernel_height * geometry.kernel_width * geometry.channels
        var result = Tensor(uninitialized: weights.shape)
        rk_pack_direct(weights.pointer, taps, geometry.output_channels, block, result.mutablePointer())
        return result
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - packed: what ``packed(_:)`` made.
    /// - Returns: [N, H', W', C'].
    func forward(_ x: Tensor, packed: Tensor, _ epilogue: Conv2DEpilogue) -> Tensor {
        requirePackedForActiveLevel(block, rk_direct_block(geometry.output_channels))
        let batch = x.shape[0]
        var output = Tensor(
            uninitialized: [batch, geometry.output_height, geometry.output_width, geometry.output_channels])
        forward(
            x, packed: packed, epilogue, into: SendablePointer(output.mutablePointer()),
            imageSize: geometry.output_height * geometry.output_row)
        return output
    }

    /// The same into every stride-th pixel of images of another size, which begin `size` elements apart.
    fileprivate func forward(
        _ x: Tensor, packed: Tensor, _ epilogue: Conv2DEpilogue, into y: SendablePointer<Float>, imageSize size: Int
    ) {
        let rows = geometry.output_height
        let parts = partsOfImage(batch: x.shape[0], multiplyAdds: multiplyAdds)
        let perPart = (rows + parts - 1) / parts
        Parallel.forEachRange(of: x.shape[0] * parts, by: parts > 1 ? 1 : imagesPerPiece) { pieces in
            let band = parts > 1 ? pieces.lowerBound * perPart..<min((pieces.lowerBound + 1) * perPart, rows) : 0..<rows
            withPadded(x, parts > 1 ? 0..<1 : pieces, rows: band) { image, geometry, padded in
                let offset = image * size + band.lowerBound * geometry.pointee.output_row
                epilogue.withKernelForm(offset: offset) {
                    rk_direct_forward(padded, geometry, packed.pointer, $0, y.pointer + offset)
                }
            }
        }
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - upstream: [N, H', W', C'].
    /// - Returns: [kernel height, kernel width, C, C'].
    func gradientToWeights(_ x: Tensor, _ upstream: Tensor) -> Tensor {
        let shape: Shape = [
            geometry.kernel_height, geometry.kernel_width, geometry.channels, geometry.output_channels,
        ]
        let size = geometry.output_height * geometry.output_width * geometry.output_channels
        return sumOverImages(x.shape[0], size: shape.elementCount) { images, dw in
            withPadded(x, images, rows: 0..<geometry.output_height) { image, geometry, padded in
                rk_direct_weight_gradient(padded, geometry, upstream.pointer + image * size, dw)
            }
        }.reshaped(to: shape)
    }

    /// For one image.
    private var multiplyAdds: Int {
        geometry.output_height * geometry.output_width * geometry.output_channels * geometry.kernel_height
            * geometry.kernel_width * geometry.channels
    }

    /// About two million multiply-adds, up to 8 images.
    private var imagesPerPiece: Int { min(8, 1 + (1 << 21) / max(1, multiplyAdds)) }

    /// Lends images one by one with zeros around them, as far as some rows of the output read them; the image itself
    /// where nothing is to be added. The geometry lent is that of these rows.
    private func withPadded(
        _ x: Tensor, _ images: Range<Int>, rows: Range<Int>,
        _ body: (_ image: Int, UnsafePointer<rk_direct_geometry>, UnsafePointer<Float>) -> Void
    ) {
        guard !rows.isEmpty else { return }
        var band = geometry
        band.output_height = rows.count
        band.padded_height = (rows.count - 1) * geometry.stride_height + geometry.kernel_height
        let (size, first) = (input.height * input.width * geometry.channels, rows.lowerBound * geometry.stride_height)
        // A stride may leave as many rows out at one side as padding adds at the other.
        if input.top == 0, input.left == 0, geometry.padded_height == input.height, geometry.padded_width == input.width
        {
            for image in images {
                withUnsafePointer(to: band) {
                    body(image, $0, x.pointer + image * size + first * input.width * geometry.channels)
                }
            }
            return
        }
        let storage = TensorStorage(count: band.padded_height * band.padded_width * geometry.channels)
        withExtendedLifetime(storage) {
            for image in images {
                withUnsafePointer(to: band) {
                    rk_pad(
                        x.pointer + image * size, $0, input.height, input.width, input.top - first, input.left,
                        storage.base)
                    body(image, $0, UnsafePointer(storage.base))
                }
            }
        }
    }
}

/// Into how many parts one image's work is cut: only where there is no other image for a thread to take, and where a
/// part is worth a thread's while (some ten microseconds).
func partsOfImage(batch: Int, multiplyAdds: Int) -> Int { batch == 1 && multiplyAdds >= 1 << 17 ? Parallel.threads : 1 }

/// The gradient to the input by direct convolutions, one for each pixel of a stride; nil where they cannot do it.
func directGradientToInput(_ upstream: Tensor, _ weights: Tensor, _ geometry: Conv2DGeometry) -> Tensor? {
    guard geometry.dilationHeight == 1, geometry.dilationWidth == 1, geometry.groups == 1 else { return nil }
    let rows = GradientPhase.all(
        stride: geometry.strideHeight, kernel: geometry.kernelHeight, padding: geometry.padding.top,
        extent: geometry.inputHeight)
    let columns = GradientPhase.all(
        stride: geometry.strideWidth, kernel: geometry.kernelWidth, padding: geometry.padding.left,
        extent: geometry.inputWidth)
    var phases: [(DirectConvolution, GradientPhase, GradientPhase)] = []
    var leavesZeros = false
    for row in rows {
        for column in columns {
            if row.taps == 0 || column.taps == 0 {
                leavesZeros = true
            } else if let phase = DirectConvolution(backThrough: geometry, row, column) {
                phases.append((phase, row, column))
            } else {
                return nil
            }
        }
    }
    let shape = geometry.inputShape(batch: upstream.shape[0])
    var gradient = leavesZeros ? Tensor.zeros(shape) : Tensor(uninitialized: shape)
    let dx = gradient.mutablePointer()
    let flipped = flipped(weights)
    for (phase, row, column) in phases {
        let taps = flipped.taking(
            rows: row.firstTap, row.taps, step: geometry.strideHeight, columns: column.firstTap, column.taps,
            step: geometry.strideWidth)
        let first = (row.first * geometry.inputWidth + column.first) * geometry.inputChannels
        phase.forward(
            upstream, packed: phase.packed(taps), Conv2DEpilogue(), into: SendablePointer(dx + first),
            imageSize: geometry.inputHeight * geometry.inputWidth * geometry.inputChannels)
    }
    return gradient
}
