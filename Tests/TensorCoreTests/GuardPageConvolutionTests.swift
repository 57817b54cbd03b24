import CKernels
import TensorCore
import Testing

// As GuardPageTests, for the convolutions: every tile and every rest, with batches, borders and epilogues.
@Suite struct GuardPageConvolutionTests {
    @Test("Direct convolution: padding, packing, forward with every epilogue, gradient to the weights")
    func direct() async {
        await #expect(processExitsWith: .success) {
            for (size, padding) in shapes([(1, 1), (2, 3), (5, 7), (3, 17)], [0, 1, 2]) {
                for (kernel, stride) in [
                    ((1, 1), (1, 1)), ((1, 1), (2, 2)), ((3, 3), (1, 1)), ((3, 3), (2, 1)), ((2, 5), (1, 2)),
                ] {
                    for (channels, outputs) in shapes([1, 3, 5, 8], [1, 7, 8, 16, 24, 48]) {
                        guard let layer = DirectCase(size, channels, outputs, kernel, stride, padding) else { continue }
                        for level in SIMDLevel.available where layer.isPossible(at: level) {
                            expectStaysInside("direct \(layer)", level: level) { layer.call($0) }
                        }
                    }
                }
            }
        }
    }

    @Test("Direct convolution into every second pixel of a larger image, as a strided gradient does")
    func strided() async {
        await #expect(processExitsWith: .success) {
            for (width, outputs) in shapes([1, 2, 5, 14, 15], [1, 8, 16, 24]) {
                let (kernel, channels, height) = (2, 3, 2)
                var g = rk_direct_geometry(
                    padded_height: height + 1, padded_width: width + 1, channels: channels, kernel_height: kernel,
                    kernel_width: kernel, stride_height: 1, stride_width: 1, output_height: height, output_width: width,
                    output_channels: outputs, output_row: 4 * width * outputs, output_pixel: 2 * outputs)
                // The last row ends with its last pixel.
                let span = (height - 1) * g.output_row + (width - 1) * g.output_pixel + outputs
                let x = guardNumbers(g.padded_height * g.padded_width * channels, 1)
                let packed = guardNumbers(kernel * kernel * channels * outputs, 2)
                for level in SIMDLevel.available {
                    SIMDLevel.limit(to: level)
                    guard rk_direct_block(outputs) > 0 else { continue }
                    expectStaysInside("strided \(width) pixels, \(outputs) channels", level: level) {
                        var epilogue = rk_epilogue()
                        rk_direct_forward(
                            $0.input(x), &g, $0.input(packed), &epilogue, $0.updated([Float](repeating: 5, count: span))
                        )
                    }
                }
            }
        }
    }

    @Test("Winograd: transforms of the weights, forward with every epilogue, gradient to the weights, workspaces")
    func winograd() async {
        await #expect(processExitsWith: .success) {
            let channels = [(1, 1), (3, 5), (8, 8), (8, 16), (16, 8), (16, 16), (24, 8), (16, 48), (48, 32)]
            for (size, padding) in shapes([(1, 1), (2, 3), (4, 4), (5, 7), (9, 6)], [0, 1, 2]) {
                for ((inputs, outputs), batch) in shapes(channels, [1, 3]) {
                    guard let layer = WinogradCase(batch, size, inputs, outputs, padding) else { continue }
                    for level in SIMDLevel.available where layer.isPossible(at: level) {
                        expectStaysInside("Winograd \(layer)", level: level) { layer.call($0) }
                    }
                }
            }
        }
    }

    @Test("Winograd: so many patches that they go through in several panels, from any patch to any other")
    func panels() async {
        await #expect(processExitsWith: .success) {
            let layer = try #require(WinogradCase(3, (19, 18), 16, 16, 1))
            for (first, count) in [(0, 0), (0, 1), (1, 28), (3, 29), (24, 27), (0, 75), (74, 1)] {
                for level in SIMDLevel.available {
                    expectStaysInside("\(count) patches from \(first)", level: level) {
                        layer.call($0, first: first, count: count)
                    }
                }
            }
        }
    }
}

/// The four ways to finish: bias, residual, ReLU, all.
func forEachEpilogue(
    _ buffers: Buffers, channels: Int, count: Int, _ body: (UnsafePointer<rk_epilogue>) -> Void
) {
    let (bias, residual) = (guardNumbers(channels, 3), guardNumbers(count, 4))
    for (hasBias, hasResidual, relu) in [
        (false, false, 0), (true, false, 0), (false, true, 0), (false, false, 1), (true, true, 1),
    ] {
        var epilogue = rk_epilogue(
            bias: hasBias ? buffers.input(bias) : nil, residual: hasResidual ? buffers.input(residual) : nil,
            relu: Int32(relu))
        body(&epilogue)
    }
}

private struct DirectCase: CustomStringConvertible {
    private let size: (height: Int, width: Int)
    private let padding: Int
    private let geometry: rk_direct_geometry

    /// Nil where the kernel does not fit.
    init?(
        _ size: (Int, Int), _ channels: Int, _ outputs: Int, _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: Int
    ) {
        guard size.0 + 2 * padding >= kernel.0, size.1 + 2 * padding >= kernel.1 else { return nil }
        let output = (
            (size.0 + 2 * padding - kernel.0) / stride.0 + 1, (size.1 + 2 * padding - kernel.1) / stride.1 + 1
        )
        self.size = size
        self.padding = padding
        geometry = rk_direct_geometry(
            padded_height: (output.0 - 1) * stride.0 + kernel.0, padded_width: (output.1 - 1) * stride.1 + kernel.1,
            channels: channels, kernel_height: kernel.0, kernel_width: kernel.1, stride_height: stride.0,
            stride_width: stride.1, output_height: output.0, output_width: output.1, output_channels: outputs,
            output_row: output.1 * outputs, output_pixel: outputs)
    }

    var description: String {
        "\(size) × \(geometry.channels) to \(geometry.output_channels), kernel \(geometry.kernel_height)×\(geometry.kernel_width), "
            + "stride \(geometry.stride_height)×\(geometry.stride_width), padding \(padding)"
    }

    func isPossible(at level: SIMDLevel) -> Bool {
        SIMDLevel.limit(to: level)
        return rk_direct_block(geometry.output_channels) > 0 && padding < geometry.padded_width
            && padding < geometry.padded_height
    }

    func call(_ buffers: Buffers) {
        var g = geometry
        let taps = g.kernel_height * g.kernel_width * g.channels
        let count = g.output_height * g.output_row
        let image = guardNumbers(size.height * size.width * g.channels, 1)
        let weights = guardNumbers(taps * g.output_channels, 2)
        let padded = buffers.output(g.padded_height * g.padded_width * g.channels)
        rk_pad(buffers.input(image), &g, size.height, size.width, padding, padding, padded)
        let packed = buffers.output(weights.count)
        rk_pack_direct(buffers.input(weights), taps, g.output_channels, rk_direct_block(g.output_channels), packed)
        rk_flip_weights(
            buffers.input(weights), g.kernel_height * g.kernel_width, g.channels, g.output_channels,
            buffers.output(weights.count))
        forEachEpilogue(buffers, channels: g.output_channels, count: count) {
            rk_direct_forward(padded, &g, packed, $0, buffers.output(count))
        }
        rk_direct_weight_gradient(padded, &g, buffers.input(guardNumbers(count, 5)), buffers.updated(weights))
    }
}

private struct WinogradCase: CustomStringConvertible {
    private let batch: Int
    private let geometry: rk_winograd_geometry

    /// Nil where the kernel does not fit.
    init?(_ batch: Int, _ size: (Int, Int), _ channels: Int, _ outputs: Int, _ padding: Int) {
        guard min(size.0, size.1) + 2 * padding >= 3 else { return nil }
        self.batch = batch
        geometry = rk_winograd_geometry(
            height: size.0, width: size.1, channels: channels, output_height: size.0 + 2 * padding - 2,
            output_width: size.1 + 2 * padding - 2, output_channels: outputs, top: padding, left: padding)
    }

    var description: String {
        "\(batch) × \(geometry.height)×\(geometry.width)×\(geometry.channels) to \(geometry.output_channels), "
            + "padding \(geometry.top)"
    }

    func isPossible(at level: SIMDLevel) -> Bool {
        SIMDLevel.limit(to: level)
        return rk_winograd_block(geometry.channels, geometry.output_channels) > 0
    }

    /// Over some patches of the batch, or all.
    func call(_ buffers: Buffers, first: Int = 0, count: Int? = nil) {
        var g = geometry
        let count = count ?? batch * rk_winograd_tiles(&g)
        let (c, k, room) = (g.channels, g.output_channels, Int(rk_winograd_workspace(&g)))
        let weights = guardNumbers(9 * c * k, 1)
        let x = guardNumbers(batch * g.height * g.width * c, 2)
        let pixels = batch * g.output_height * g.output_width
        let u = buffers.output(36 * c * k)
        rk_winograd_weights(buffers.input(weights), c, k, rk_winograd_block(c, k), u)
        forEachEpilogue(buffers, channels: k, count: pixels * k) {
            let output = buffers.updated([Float](repeating: 0, count: pixels * k))
            rk_winograd_forward(buffers.input(x), &g, first, count, u, $0, output, buffers.workspace(room))
        }
        let du = buffers.updated(guardNumbers(36 * c * k, 6))
        rk_winograd_weight_gradient(
            buffers.input(x), buffers.input(guardNumbers(pixels * k, 5)), &g, first, count, du, buffers.workspace(room))
        rk_winograd_gradient_of_weights(du, c, k, buffers.output(9 * c * k))
    }
}
