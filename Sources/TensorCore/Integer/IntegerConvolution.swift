import CKernels

/// A convolution, or a dense layer as one of 1×1 pixels, of uint8 by int8 with 32-bit sums: the arithmetic of ONNX
/// QLinearConv.
///
/// A few rows at a time, the input gets a border of its zero point, and each patch is read where it lies, as runs of
/// numbers: there is no matrix of patches. Where Winograd's way to the same sums is faster, it is taken. Weights are
/// packed once.
public struct IntegerConvolution: Sendable {
    /// The sizes.
    public let geometry: Conv2DGeometry
    private let inputZeroPoint: UInt8
    private let level: SIMDLevel
    /// Bytes of a number that the kernels read.
    private let operandSize: Int
    private let passes: [Pass]
    /// A patch of one group in the image with its border.
    private let runs: (offsets: [Int], length: Int)
    private let winograd: IntegerWinograd?

    /// Channels that are computed together from the same input channels: a group, or all of a depthwise convolution.
    private struct Pass: Sendable {
        let firstInput, firstOutput, channels: Int
        /// As the kernel takes them.
        let weights: [Int8]
        /// A channel each, filled up to whole blocks except for a depthwise convolution.
        let bias: [Int32]
        let multipliers: [Float]
    }

    /// A second input that is added to the sums before they are rounded.
    public struct Residual: Sendable {
        let bytes: ByteTensor
        let quantization: AffineQuantization

        /// - Parameter bytes: of the output's shape.
        public init(_ bytes: ByteTensor, _ quantization: AffineQuantization) {
            self.bytes = bytes
            self.quantization = quantization
        }
    }

    /// Packs a layer for the kernels of one level. The results are the same on all.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C / groups, C'], -127 ... 127.
    ///   - bias: [C'], in units of input scale · weight scale. |bias| + 2 · 255 · Σ |weights| of a channel fits 32
    ///     bits.
    ///   - multipliers: [C'], what a unit of a channel's sum is in steps of the output.
    ///   - inputZeroPoint: the input's byte for 0.
    ///   - level: the kernels that will compute it.
    public init(
        _ geometry: Conv2DGeometry, weights: [Int8], bias: [Int32], multipliers: [Float], inputZeroPoint: UInt8,
        level: SIMDLevel = .active
    ) {
        let channels = geometry.outputChannels
        require(
            weights.count == geometry.weightShape.elementCount && bias.count == channels
                && multipliers.count == channels,
            "IntegerConvolution: \(weights.count) weights, \(bias.count) biases, \(multipliers.count) multipliers "
                + "for weights of shape \(geometry.weightShape)")
        require(
            Self.fitsSums(weights: weights, bias: bias),
            "IntegerConvolution: sums of weights of shape \(geometry.weightShape) overflow 32 bits")
        self.geometry = geometry
        self.inputZeroPoint = inputZeroPoint
        self.level = level
        let operandSize = geometry.isDepthwise ? 1 : Int(rk_integer_operand_size(level.kernelForm))
        self.operandSize = operandSize
        runs = geometry.runs(rowStride: geometry.borderedWidth * geometry.inputChannels)
        // Σ (x − zero) · w = Σ x · w − zero · Σ w, and the second term does not depend on the image.
        var corrected = bias
        for (index, weight) in weights.enumerated() {
            corrected[index % channels] -= Int32(inputZeroPoint) * Int32(weight)
        }
        winograd =
            IntegerWinograd.isFaster(geometry, batch: nil, at: level)
            ? IntegerWinograd(
                geometry, weights: weights, bias: corrected, multipliers: multipliers, zeroPoint: inputZeroPoint,
                level: level) : nil
        if geometry.isDepthwise {
            passes = [
                Pass(
                    firstInput: 0, firstOutput: 0, channels: channels, weights: weights, bias: corrected,
                    multipliers: multipliers)
            ]
        } else {
            let perGroup = channels / geometry.groups
            let block = Int(RK_INTEGER_BLOCK)
            let filling = (perGroup + block - 1) / block * block - perGroup
            passes = (0..<geometry.groups).map { group in
                let range = group * perGroup..<(group + 1) * perGroup
                return Pass(
                    firstInput: group * (geometry.inputChannels / geometry.groups), firstOutput: range.lowerBound,
                    channels: perGroup, weights: geometry.packed(weights, channels: range, operandSize: operandSize),
                    bias: corrected[range] + Array(repeating: 0, count: filling),
                    multipliers: multipliers[range] + Array(repeating: 0, count: filling))
            }
        }
    }

    /// Whether no sum of a channel can leave 32 bits, whatever the input.
    ///
    /// - Parameter weights: [..., C']; `bias` has C' elements.
    public static func fitsSums(weights: [Int8], bias: [Int32]) -> Bool {
        require(!bias.isEmpty, "IntegerConvolution.fitsSums: no channels")
        var reach = bias.map { abs(Int64($0)) }
        for (index, weight) in weights.enumerated() { reach[index % bias.count] += 2 * 255 * abs(Int64(weight)) }
        return reach.allSatisfy { $0 <= Int64(Int32.max) }
    }

    /// The layer's output as bytes.
    ///
    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - output: what the result's bytes stand for; the layer's multipliers were made for its scale.
    ///   - residual: added before rounding.
    ///   - relu: whether negative values are cut, last.
    /// - Returns: [N, H', W', C'].
    public func callAsFunction(
        _ x: ByteTensor, to output: AffineQuantization, residual: Residual? = nil, relu: Bool = false
    ) -> ByteTensor {
        let result = ByteTensor(uninitialized: geometry.outputShape(batch: requireInput(x)))
        if let residual {
            require(
                residual.bytes.shape == result.shape,
                "IntegerConvolution: residual has shape \(residual.bytes.shape), \(result.shape) expected")
        }
        let epilogue = IntegerEpilogue(output: output, residual: residual, relu: relu)
        if let winograd, IntegerWinograd.isFaster(geometry, batch: x.shape[0], at: level) {
            winograd.forward(x, epilogue, to: result)
            return result
        }
        forEachRun(of: x) { rows, multipliers, place in
            var rows = rows
            epilogue.withKernelForm(multipliers, place: place) {
                if geometry.isDepthwise {
                    rk_integer_depthwise_to_bytes(level.kernelForm, &rows, $0, result.pointer + place)
                } else {
                    rk_integer_rows_to_bytes(level.kernelForm, &rows, $0, result.pointer + place)
                }
            }
        }
        return result
    }

    /// The layer's output in float32: sums times multipliers, which are then input scale · weight scale.
    public func floats(_ x: ByteTensor) -> Tensor {
        var result = Tensor(uninitialized: geometry.outputShape(batch: requireInput(x)))
        let y = SendablePointer(result.mutablePointer())
        forEachRun(of: x) { rows, scales, place in
            scales.withUnsafeBufferPointer { scales in
                var rows = rows
                if geometry.isDepthwise {
                    rk_integer_depthwise_to_floats(level.kernelForm, &rows, scales.baseAddress, y.pointer + place)
                } else {
                    rk_integer_rows_to_floats(level.kernelForm, &rows, scales.baseAddress, y.pointer + place)
                }
            }
        }
        return result
    }

    /// Checks an input and returns its batch size.
    private func requireInput(_ x: ByteTensor) -> Int {
        let (batch, h, w, c) = x.shape.nhwc(for: "IntegerConvolution")
        require(
            h == geometry.inputHeight && w == geometry.inputWidth && c == geometry.inputChannels,
            "IntegerConvolution: input has shape \(x.shape), \(geometry.inputShape(batch: batch)) expected")
        return batch
    }

    /// Hands runs of rows of output pixels to the closure, with their channels' multipliers and the place of the first.
    private func forEachRun(
        of x: ByteTensor, _ body: @Sendable (rk_integer_rows, _ multipliers: [Float], _ place: Int) -> Void
    ) {
        let (batch, channels) = (x.shape[0], geometry.inputChannels)
        // Where every pixel is a patch, images are one long row, in pieces of a few hundred pixels.
        if geometry.readsEachPixel {
            let perPiece = min(512, max(16, Self.cachedBytes / (channels * operandSize)))
            Parallel.forEachRange(of: batch * geometry.outputPixels, by: perPiece) { pixels in
                let row = rk_integer_image(
                    bytes: x.pointer + pixels.lowerBound * channels, height: 1, width: pixels.count,
                    channels: channels, left: 0, right: 0, outside: inputZeroPoint)
                withOperands(of: row, rows: 0..<1) {
                    call(
                        $0, rows: 1, pixels: pixels.count, place: pixels.lowerBound * geometry.outputChannels, body)
                }
            }
            return
        }
        let height = geometry.outputHeight
        let parts = partsOfIntegerImage(
            batch: batch, multiplyAdds: geometry.multiplyAdds, outputs: geometry.outputPixels * geometry.outputChannels)
        let perPart = min((height + parts - 1) / parts, rowsInCache)
        let pieces = (height + perPart - 1) / perPart
        Parallel.forEach(batch * pieces) { piece in
            let (image, part) = piece.quotientAndRemainder(dividingBy: pieces)
            let first = part * perPart
            let count = min(perPart, height - first)
            let bordered = rk_integer_image(
                bytes: x.pointer + image * geometry.inputHeight * geometry.inputWidth * channels,
                height: geometry.inputHeight, width: geometry.inputWidth, channels: channels,
                left: geometry.padding.left, right: geometry.padding.right, outside: inputZeroPoint)
            let top = first * geometry.strideHeight - geometry.padding.top
            withOperands(of: bordered, rows: top..<top + geometry.windowHeight(of: count)) {
                call(
                    $0, rows: count, pixels: geometry.outputWidth,
                    place: (image * height + first) * geometry.outputWidth * geometry.outputChannels, body)
            }
        }
    }

    /// What fits in the second-level cache beside the weights.
    private static let cachedBytes = 1 << 18

    /// Rows of output whose window of the input fits there; at least one.
    private var rowsInCache: Int {
        let row = geometry.borderedWidth * geometry.inputChannels * operandSize
        return max(1, (Self.cachedBytes / row - geometry.windowHeight(of: 1)) / geometry.strideHeight + 1)
    }

    /// Lends rows of an image as the kernels read them, and where that differs from how they are, a copy.
    private func withOperands(
        of image: rk_integer_image, rows: Range<Int>, _ body: (UnsafeRawPointer) -> Void
    ) {
        if operandSize == 1, image.left == 0, image.right == 0, rows.lowerBound >= 0, rows.upperBound <= image.height {
            return body(UnsafeRawPointer(image.bytes) + rows.lowerBound * image.width * image.channels)
        }
        let window = ByteStorage(
            count: rows.count * (image.left + image.width + image.right) * image.channels * operandSize)
        var image = image
        rk_integer_window(level.kernelForm, operandSize, &image, rows.lowerBound, rows.count, window.base)
        body(window.base)
        withExtendedLifetime(window) {}
    }

    /// Calls the closure for each pass over some rows.
    private func call(
        _ window: UnsafeRawPointer, rows: Int, pixels: Int, place: Int,
        _ body: (rk_integer_rows, _ multipliers: [Float], _ place: Int) -> Void
    ) {
        runs.offsets.withUnsafeBufferPointer { offsets in
            for pass in passes {
                pass.weights.withUnsafeBufferPointer { weights in
                    pass.bias.withUnsafeBufferPointer { bias in
                        let call = rk_integer_rows(
                            input: window + pass.firstInput * operandSize,
                            pixel_stride: pixels > 1 ? geometry.strideWidth * geometry.inputChannels : 0,
                            segment_offsets: offsets.baseAddress, segments: offsets.count,
                            segment_length: runs.length, weights: weights.baseAddress, bias: bias.baseAddress,
                            pixels: pixels, channels: pass.channels, output_stride: geometry.outputChannels,
                            rows: rows,
                            input_row: rows > 1
                                ? geometry.strideHeight * geometry.borderedWidth * geometry.inputChannels : 0,
                            output_row: geometry.outputWidth * geometry.outputChannels)
                        body(call, pass.multipliers, place + pass.firstOutput)
                    }
                }
            }
        }
    }
}

/// Into how many parts to cut a single image, so that several threads share it: a share of less than two microseconds
/// is not worth waking a thread for. A byte of output counts as much as 32 multiply-adds.
func partsOfIntegerImage(batch: Int, multiplyAdds: Int, outputs: Int) -> Int {
    batch == 1 && multiplyAdds + 32 * outputs >= 1 << 19 ? Parallel.threads : 1
}
