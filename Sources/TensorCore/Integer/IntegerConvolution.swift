import CKernels

/// A convolution, or a dense layer as one of 1×1 pixels, on bytes with 32-bit sums: the arithmetic of ONNX QLinearConv.
///
/// The input is bordered with its zero point, and each patch is read where it lies, as runs of bytes; there is no
/// matrix of patches. Weights are packed once.
public struct IntegerConvolution: Sendable {
    /// The sizes.
    public let geometry: Conv2DGeometry
    private let inputZeroPoint: UInt8
    // For each group, in blocks of channels.
    private let packed: [[Int8]]
    private let bias: [[Int32]]
    private let multipliers: [[Float]]

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

    /// Packs a layer.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C / groups, C'], -127 ... 127.
    ///   - bias: [C'], in units of input scale · weight scale. |bias| + 2 · 255 · Σ |weights| of a channel fits 32 bits.
    ///   - multipliers: [C'], what a unit of a channel's sum is in steps of the output.
    ///   - inputZeroPoint: the input's byte for 0.
    public init(
        _ geometry: Conv2DGeometry, weights: [Int8], bias: [Int32], multipliers: [Float], inputZeroPoint: UInt8
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
        let perGroup = channels / geometry.groups
        let block = Int(RK_INTEGER_BLOCK)
        let filled = (perGroup + block - 1) / block * block
        // Σ (x − zero) · w = Σ x · w − zero · Σ w, and the second term does not depend on the image.
        var corrected = bias
        for (index, weight) in weights.enumerated() {
            corrected[index % channels] -= Int32(inputZeroPoint) * Int32(weight)
        }
        let shape = geometry.runs(rowStride: 0)
        let size = rk_integer_packed_size(shape.offsets.count, shape.length, perGroup)
        packed = (0..<geometry.groups).map { group in
            [Int8](unsafeUninitializedCapacity: size) { buffer, initialized in
                weights.withUnsafeBufferPointer { source in
                    rk_integer_pack(
                        source.baseAddress.map { $0 + group * perGroup }, channels, shape.offsets.count, shape.length,
                        perGroup, buffer.baseAddress)
                }
                initialized = size
            }
        }
        func byGroup<Value>(_ values: [Value], filledWith value: Value) -> [[Value]] {
            (0..<geometry.groups).map { group in
                values[group * perGroup..<(group + 1) * perGroup] + Array(repeating: value, count: filled - perGroup)
            }
        }
        self.bias = byGroup(corrected, filledWith: 0)
        self.multipliers = byGroup(multipliers, filledWith: 0)
    }

    /// Whether no sum of a channel can leave 32 bits, whatever the input.
    ///
    /// - Parameter weights: [..., C']; `bias` has C' elements.
    public static func fitsSums(weights: [Int8], bias: [Int32]) -> Bool {
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
        _ x: ByteTensor, to output: AffineQuantization, residual: Residual? = nil, relu: Bool = false,
        level: SIMDLevel = .active
    ) -> ByteTensor {
        let result = ByteTensor(uninitialized: geometry.outputShape(batch: x.shape[0]))
        if let residual {
            require(
                residual.bytes.shape == result.shape,
                "IntegerConvolution: residual has shape \(residual.bytes.shape), \(result.shape) expected")
        }
        let bounds = output.bounds(relu: relu)
        forEachRun(of: x) { rows, group, place in
            multipliers[group].withUnsafeBufferPointer { multipliers in
                var q = rk_requantization(
                    multiplier: multipliers.baseAddress,
                    residual: residual.map { UnsafePointer($0.bytes.pointer + place) },
                    residual_multiplier: residual.map { $0.quantization.scale / output.scale } ?? 0,
                    residual_zero: residual.map { Int32($0.quantization.zeroPoint) } ?? 0,
                    low: bounds.low, high: bounds.high, zero: Int32(output.zeroPoint))
                var rows = rows
                rk_integer_rows_to_bytes(level.kernelForm, &rows, &q, result.pointer + place)
            }
        }
        return result
    }

    /// The layer's output as numbers: sums times multipliers, which are then input scale · weight scale.
    public func floats(_ x: ByteTensor, level: SIMDLevel = .active) -> Tensor {
        var result = Tensor(uninitialized: geometry.outputShape(batch: x.shape[0]))
        let y = SendablePointer(result.mutablePointer())
        forEachRun(of: x) { rows, group, place in
            multipliers[group].withUnsafeBufferPointer { scales in
                var rows = rows
                rk_integer_rows_to_floats(level.kernelForm, &rows, scales.baseAddress, y.pointer + place)
            }
        }
        return result
    }

    /// Pixels of one piece of parallel work, at least, where the image has them.
    private static let pixelsPerPiece = 256

    /// Hands consecutive output pixels to the closure, with the place of the first in the output.
    private func forEachRun(of x: ByteTensor, _ body: @Sendable (rk_integer_rows, _ group: Int, _ place: Int) -> Void) {
        let (batch, _, _, _) = x.shape.nhwc(for: "IntegerConvolution")
        require(
            x.shape == geometry.inputShape(batch: batch),
            "IntegerConvolution: input has shape \(x.shape), \(geometry.inputShape(batch: batch)) expected")
        // Where every pixel is a patch, images are one long row.
        let isFlat = geometry.readsEachPixel
        let (count, width) =
            isFlat
            ? (1, batch * geometry.outputPixels) : (batch * geometry.outputHeight, geometry.outputWidth)
        let bordered = geometry.bordered(x, with: inputZeroPoint)
        let rowStride = bordered.shape[2] * geometry.inputChannels
        let imageStride = bordered.shape[1] * rowStride
        let runs = geometry.runs(rowStride: rowStride)
        let channels = geometry.outputChannels / geometry.groups

        @Sendable func run(row: Int, first: Int, pixels: Int) {
            let (image, y) = row.quotientAndRemainder(dividingBy: geometry.outputHeight)
            let start =
                image * imageStride + y * geometry.strideHeight * rowStride
                + first * geometry.strideWidth * geometry.inputChannels
            for group in 0..<geometry.groups {
                runs.offsets.withUnsafeBufferPointer { offsets in
                    packed[group].withUnsafeBufferPointer { weights in
                        bias[group].withUnsafeBufferPointer { bias in
                            let rows = rk_integer_rows(
                                input: bordered.pointer + start + group * (geometry.inputChannels / geometry.groups),
                                pixel_stride: geometry.strideWidth * geometry.inputChannels,
                                segment_offsets: offsets.baseAddress, segments: offsets.count,
                                segment_length: runs.length, weights: weights.baseAddress, bias: bias.baseAddress,
                                pixels: pixels, channels: channels, output_stride: geometry.outputChannels)
                            body(rows, group, (row * width + first) * geometry.outputChannels + group * channels)
                        }
                    }
                }
            }
        }
        if isFlat {
            let pieces = (width + Self.pixelsPerPiece - 1) / Self.pixelsPerPiece
            Parallel.forEach(pieces) { piece in
                let first = piece * Self.pixelsPerPiece
                run(row: 0, first: first, pixels: min(Self.pixelsPerPiece, width - first))
            }
        } else {
            let rowsPerPiece = max(1, Self.pixelsPerPiece / width)
            Parallel.forEach((count + rowsPerPiece - 1) / rowsPerPiece) { piece in
                for row in piece * rowsPerPiece..<min((piece + 1) * rowsPerPiece, count) {
                    run(row: row, first: 0, pixels: width)
                }
            }
        }
    }
}

extension Conv2DGeometry {
    /// Whether output pixel i reads input pixel i alone.
    fileprivate var readsEachPixel: Bool {
        kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1 && paddingHeight == 0
            && paddingWidth == 0
    }

    /// A patch of one group as runs of consecutive bytes, in the order of the weights: a kernel row each, or a tap each
    /// where taps are apart.
    fileprivate func runs(rowStride: Int) -> (offsets: [Int], length: Int) {
        if groups == 1 && dilationWidth == 1 {
            return ((0..<kernelHeight).map { $0 * dilationHeight * rowStride }, kernelWidth * inputChannels)
        }
        let offsets = (0..<kernelHeight * kernelWidth).map { tap in
            tap / kernelWidth * dilationHeight * rowStride + tap % kernelWidth * dilationWidth * inputChannels
        }
        return (offsets, inputChannels / groups)
    }

    /// The images with their padding.
    fileprivate func bordered(_ x: ByteTensor, with value: UInt8) -> ByteTensor {
        guard paddingHeight > 0 || paddingWidth > 0 else { return x }
        let size = inputHeight * inputWidth * inputChannels
        let shape: Shape = [
            x.shape[0], inputHeight + 2 * paddingHeight, inputWidth + 2 * paddingWidth, inputChannels,
        ]
        let result = ByteTensor(uninitialized: shape)
        let padded = shape.dropFirst().reduce(1, *)
        Parallel.forEach(x.shape[0]) { image in
            rk_integer_pad(
                x.pointer + image * size, inputHeight, inputWidth, inputChannels, paddingHeight, paddingWidth, value,
                result.pointer + image * padded)
        }
        return result
    }
}
