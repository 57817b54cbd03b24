import CKernels
import TensorCore
import Testing

// As GuardPageTests, for the integer kernels, which take their level as an argument.
@Suite struct GuardPageIntegerTests {
    @Test("Rows of patches to bytes and floats: every tile, every rest of channels, runs of every length")
    func rows() async {
        await #expect(processExitsWith: .success) {
            for (pixels, channels) in shapes([1, 2, 3, 4, 5, 8, 9, 16, 17], [1, 7, 15, 16, 17, 31, 32, 33, 48, 50]) {
                for (segments, length) in [(1, 1), (1, 4), (3, 3), (2, 9)] {
                    let layer = RowsCase(pixels, channels, segments, length)
                    for level in SIMDLevel.available {
                        expectStaysInside("\(pixels) × \(channels), \(segments) runs of \(length)", level: level) {
                            layer.callRows($0, level)
                            layer.callDepthwise($0, level)
                        }
                    }
                }
            }
        }
    }

    @Test("Winograd's patches: images smaller than one, and one pixel larger than several")
    func winograd() async {
        await #expect(processExitsWith: .success) {
            for (size, channels) in shapes(
                [(1, 1), (2, 5), (4, 4), (5, 9), (8, 3), (17, 10)],
                [(8, 8), (16, 16), (16, 32), (24, 40), (32, 48), (48, 16)])
            {
                for padding in [0, 1, 2] where min(size.0, size.1) + 2 * padding >= 3 {
                    let (c, k) = channels
                    let output = (size.0 + 2 * padding - 2, size.1 + 2 * padding - 2)
                    let (image, residual) = (bytes(2 * size.0 * size.1 * c, 1), bytes(2 * output.0 * output.1 * k, 2))
                    let weights = bytes(9 * c * k, 3).map { Int8(bitPattern: $0) }
                    for level in SIMDLevel.available where level >= .avx2 {
                        expectStaysInside("\(size) × \(channels), padding \(padding)", level: level) {
                            let u = $0.output(rk_integer_winograd_weights_size(c, k), of: Int16.self)
                            rk_integer_winograd_weights($0.input(weights), c, k, u)
                            var call = rk_integer_winograd(
                                geometry: rk_winograd_geometry(
                                    height: size.0, width: size.1, channels: c, output_height: output.0,
                                    output_width: output.1, output_channels: k, top: padding, left: padding),
                                input: $0.input(image), weights: u, bias: $0.input([Int32](repeating: 5, count: k)),
                                input_zero: 9)
                            var q = rk_requantization(
                                multiplier: $0.input([Float](repeating: 0.01, count: (k + 15) / 16 * 16)),
                                residual: $0.input(residual),
                                residual_multiplier: 0.5, residual_zero: 90, low: -20, high: 235, zero: 20)
                            // In two calls, the first for none where there is one patch.
                            let tiles = 2 * rk_winograd_tiles(&call.geometry)
                            let cut = min(5, tiles - 1)
                            let result = $0.output(residual.count, of: UInt8.self)
                            let workspace = $0.workspace(rk_integer_winograd_workspace(&call.geometry), of: Int32.self)
                            for range in [0..<cut, cut..<tiles] {
                                rk_integer_winograd_to_bytes(
                                    rk_simd_level(UInt32(level.rawValue)), &call, range.lowerBound, range.count, &q,
                                    result, workspace)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("Pooling and borders")
    func windows() async {
        await #expect(processExitsWith: .success) {
            for (size, channels) in shapes([(1, 1), (2, 3), (5, 7)], [1, 3, 16, 17, 33, 65]) {
                let image = bytes(size.0 * size.1 * channels, 1)
                for padding in [0, 1, 2] {
                    let window = min(3, min(size.0, size.1) + 2 * padding)
                    guard padding < window else { continue }
                    let output = (size.0 + 2 * padding - window + 1, size.1 + 2 * padding - window + 1)
                    var g = rk_patch_geometry(
                        input_height: size.0, input_width: size.1, pixel_stride: channels, channels: channels,
                        kernel_height: window, kernel_width: window, stride_height: 1, stride_width: 1,
                        padding_top: padding, padding_left: padding, padding_bottom: padding, padding_right: padding,
                        dilation_height: 1, dilation_width: 1,
                        output_height: output.0, output_width: output.1)
                    let count = output.0 * output.1 * channels
                    for level in SIMDLevel.available {
                        let form = rk_simd_level(UInt32(level.rawValue))
                        expectStaysInside("pooling \(size) × \(channels), padding \(padding)", level: level) {
                            var bordered = rk_integer_image(
                                bytes: $0.input(image), height: size.0, width: size.1, channels: channels,
                                left: padding, right: padding, outside: 7)
                            let numbers = (size.0 + 2 * padding) * (size.1 + 2 * padding) * channels
                            rk_integer_window(
                                form, 1, &bordered, -padding, size.0 + 2 * padding, $0.output(numbers, of: UInt8.self))
                            rk_integer_window(
                                form, 2, &bordered, -padding, size.0 + 2 * padding, $0.output(numbers, of: Int16.self))
                            rk_integer_max_pool(form, $0.input(image), &g, $0.output(count, of: UInt8.self))
                            for countsPadding: Int32 in [0, 1] {
                                rk_integer_average_pool(
                                    form, $0.input(image), &g, countsPadding, 100, 0.75, 20,
                                    $0.workspace(channels, of: Int32.self), $0.output(count, of: UInt8.self))
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("Elementwise, quantising, and what calibration counts")
    func elementwise() async {
        await #expect(processExitsWith: .success) {
            for n in guardTails {
                let (x, y, numbers) = (bytes(n, 2), bytes(n, 3), guardNumbers(n, 4))
                for level in SIMDLevel.available {
                    let form = rk_simd_level(UInt32(level.rawValue))
                    expectStaysInside("\(n) bytes", level: level) {
                        var pair = rk_integer_pair(
                            x_multiplier: 0.5, y_multiplier: 0.25, x_zero: 100, y_zero: 50, low: -20, high: 235,
                            zero: 20)
                        let whole = rk_repeated_rows(rows: 1, repeats: 1, length: n)
                        rk_integer_add(form, $0.input(x), $0.input(y), whole, &pair, $0.output(n, of: UInt8.self))
                        rk_integer_multiply(form, $0.input(x), $0.input(y), whole, &pair, $0.output(n, of: UInt8.self))
                        let twice = rk_repeated_rows(rows: 1, repeats: 2, length: n)
                        rk_integer_add(
                            form, $0.input(x + x), $0.input(y), twice, &pair, $0.output(2 * n, of: UInt8.self))
                        rk_integer_multiply(
                            form, $0.input(x + x), $0.input(y), twice, &pair, $0.output(2 * n, of: UInt8.self))
                        rk_quantize(form, $0.input(numbers), n, 0.01, 128, $0.output(n, of: UInt8.self))
                        rk_dequantize(form, $0.input(x), n, 0.01, 128, $0.output(n))
                        _ = rk_widen_range($0.input(numbers), n, $0.updated([0]), $0.updated([0]))
                        rk_histogram($0.input(numbers), n, -1, 4, $0.updated([UInt64](repeating: 0, count: 8)), 8)
                    }
                }
            }
        }
    }
}

private func bytes(_ count: Int, _ stream: Int) -> [UInt8] {
    guardNumbers(count, stream).map { UInt8(127 + 63 * $0) }
}

/// Consecutive patches, one byte of input apart, so that runs have every alignment.
private struct RowsCase {
    private let pixels, channels, segments, length: Int
    private let blocks: Int

    init(_ pixels: Int, _ channels: Int, _ segments: Int, _ length: Int) {
        (self.pixels, self.channels, self.segments, self.length) = (pixels, channels, segments, length)
        blocks = (channels + 15) / 16 * 16
    }

    private func rows(
        _ buffers: Buffers, input: UnsafeRawPointer, segmentStep: Int, length: Int, weights: UnsafeRawPointer
    ) -> rk_integer_rows {
        rk_integer_rows(
            input: input, pixel_stride: 1,
            segment_offsets: buffers.input((0..<segments).map { $0 * segmentStep }), segments: segments,
            segment_length: length, weights: weights, bias: buffers.input((0..<blocks).map { Int32($0 * 7 - 100) }),
            pixels: pixels, channels: channels, output_stride: channels + 3, rows: 1, input_row: 0, output_row: 0)
    }

    /// A row of output whose pixels are further apart than their channels ends with its last channel.
    private var outputs: Int { (pixels - 1) * (channels + 3) + channels }

    private func forEachRequantization(_ buffers: Buffers, _ body: (UnsafePointer<rk_requantization>) -> Void) {
        let multipliers = buffers.input((0..<blocks).map { 0.01 + Float($0) / 4096 })
        for residual in [nil, buffers.input(bytes(outputs, 2))] {
            var q = rk_requantization(
                multiplier: multipliers, residual: residual, residual_multiplier: 0.5, residual_zero: 90, low: -20,
                high: 235, zero: 20)
            body(&q)
        }
    }

    func callRows(_ buffers: Buffers, _ level: SIMDLevel) {
        let form = rk_simd_level(UInt32(level.rawValue))
        let weights = bytes(segments * length * channels, 3).map { Int8(bitPattern: $0) }
        let size = Int(rk_integer_operand_size(form))
        let packed: UnsafeMutablePointer<UInt8> = buffers.output(
            rk_integer_packed_size(size, segments, length, channels), of: UInt8.self)
        rk_integer_pack(size, buffers.input(weights), channels, segments, length, channels, packed)
        // Four bytes at a time are read, behind the last run if need be.
        let group = 4 / size
        let inputs = bytes(pixels - 1 + (segments - 1) * (length + 2) + (length + group - 1) / group * group, 1)
        let input =
            size == 1
            ? UnsafeRawPointer(buffers.input(inputs)) : UnsafeRawPointer(buffers.input(inputs.map { Int16($0) }))
        var rows = rows(buffers, input: input, segmentStep: length + 2, length: length, weights: packed)
        forEachRequantization(buffers) {
            rk_integer_rows_to_bytes(form, &rows, $0, buffers.updated([UInt8](repeating: 9, count: outputs)))
        }
        rk_integer_rows_to_floats(
            form, &rows, buffers.input((0..<blocks).map { Float($0) }),
            buffers.updated([Float](repeating: 9, count: outputs)))
    }

    func callDepthwise(_ buffers: Buffers, _ level: SIMDLevel) {
        let form = rk_simd_level(UInt32(level.rawValue))
        let weights = buffers.input(bytes(segments * channels, 4).map { Int8(bitPattern: $0) })
        let inputs = pixels - 1 + (segments - 1) * (channels + 1) + channels
        var rows = rows(
            buffers, input: buffers.input(bytes(inputs, 1)), segmentStep: channels + 1, length: 1, weights: weights)
        forEachRequantization(buffers) {
            rk_integer_depthwise_to_bytes(form, &rows, $0, buffers.updated([UInt8](repeating: 9, count: outputs)))
        }
        rk_integer_depthwise_to_floats(
            form, &rows, buffers.input((0..<blocks).map { Float($0) }),
            buffers.updated([Float](repeating: 9, count: outputs)))
    }
}
