import CKernels
import TensorCore
import TestSupport
import Testing

// Levels hold for a whole process, so what walks through them has one of its own.
@Suite struct DepthwiseConvolutionTests {
    struct Case: Sendable, CustomStringConvertible {
        var input: (n: Int, h: Int, w: Int, c: Int)
        var kernel = (h: 3, w: 3)
        var multiplier = 1
        var stride = (1, 1)
        var padding = (1, 1)
        var after = (1, 1)
        var dilation = (1, 1)

        var geometry: Conv2DGeometry {
            Conv2DGeometry(
                input: (input.h, input.w, input.c), kernel: (kernel.h, kernel.w),
                outputChannels: input.c * multiplier, stride: stride,
                padding: Padding2D(top: padding.0, left: padding.1, bottom: after.0, right: after.1),
                dilation: dilation, groups: input.c)
        }
        var naive: NaiveConvolution {
            NaiveConvolution(
                input: input, kernel: kernel, output: input.c * multiplier, stride: stride, padding: padding,
                paddingAfter: after, dilation: dilation, groups: input.c)
        }
        var description: String { "\(geometry), batch \(input.n)" }
    }

    /// Every remainder of a tile and of a vector, sides that differ, and what has no tiles: other kernels, strides and
    /// dilation.
    private static var cases: [Case] {
        var cases: [Case] = []
        let channels = [2, 7, 8, 9, 16, 17, 24, 33]
        for width in 1...21 {
            for stride in 1...2 {
                for side in [3, 5] {
                    cases.append(
                        Case(
                            input: (1 + width % 2, 2 + width % 3, width, channels[(width + stride + side) % 8]),
                            kernel: (side, side), stride: (stride, stride), padding: (side / 2, side / 2),
                            after: (side / 2, side / 2)))
                }
            }
        }
        cases += [
            Case(input: (0, 4, 4, 8)), Case(input: (1, 1, 1, 3)), Case(input: (3, 4, 5, 8), multiplier: 2),
            Case(input: (2, 5, 12, 3), kernel: (5, 5), multiplier: 3, stride: (2, 2), padding: (2, 2), after: (2, 2)),
            Case(input: (1, 7, 11, 16), stride: (2, 2), padding: (0, 0)),
            Case(input: (1, 6, 10, 9), stride: (1, 2), padding: (2, 0), after: (0, 3)),
            Case(input: (1, 5, 5, 8), padding: (4, 3), after: (3, 5)),
            Case(input: (1, 6, 9, 17), kernel: (1, 1), padding: (0, 0), after: (0, 0)),
            Case(input: (1, 7, 9, 8), kernel: (1, 1), stride: (2, 2), padding: (0, 0), after: (0, 0)),
            Case(input: (1, 6, 13, 10), kernel: (2, 2), padding: (1, 0), after: (0, 1)),
            Case(input: (2, 8, 9, 18), kernel: (7, 7), padding: (3, 3), after: (3, 3)),
            Case(input: (1, 9, 8, 5), kernel: (4, 3), stride: (3, 3)),
            Case(input: (1, 3, 15, 8), kernel: (1, 5), stride: (1, 2), padding: (0, 2), after: (0, 2)),
            Case(input: (1, 8, 9, 16), padding: (2, 2), after: (2, 2), dilation: (2, 2)),
            Case(input: (1, 9, 12, 9), kernel: (3, 5), padding: (3, 1), after: (0, 4), dilation: (3, 1)),
            Case(input: (1, 9, 12, 9), stride: (2, 2), padding: (2, 2), after: (2, 2), dilation: (2, 2)),
        ]
        return cases
    }

    @Test("Every level equals the naive loop, forward and both gradients, for awkward sizes")
    func equalsDefinition() async {
        await #expect(processExitsWith: .success) {
            var random = Philox(seed: 91)
            for it in Self.cases {
                let (geometry, naive) = (it.geometry, it.naive)
                // Whole numbers: every sum is exact in float32.
                let x = Tensor(wholeNumbers: geometry.inputShape(batch: it.input.n), using: &random)
                let weights = Tensor(wholeNumbers: geometry.weightShape, using: &random)
                let bias = Tensor(wholeNumbers: [geometry.outputChannels], using: &random)
                let upstream = Tensor(wholeNumbers: geometry.outputShape(batch: it.input.n), using: &random)
                let residual = Tensor(wholeNumbers: upstream.shape, using: &random)
                let (dx, dw, du) = (DoubleArray(x), DoubleArray(weights), DoubleArray(upstream))
                let output = naive.output(dx, dw)
                let shifted = output.mapRows { row in zip(row, bias.scalars).map { $0 + Double($1) } }
                let cut = DoubleArray(
                    (shifted + DoubleArray(residual)).values.map { max(0, $0) }, shape: shifted.shape)
                for level in SIMDLevel.available {
                    SIMDLevel.limit(to: level)
                    #expect(Conv2DAlgorithm.best(for: geometry) == .depthwise)
                    #expect(convolution2D(x, weights, geometry).distance(to: output) == 0, "\(level): \(it)")
                    #expect(
                        PreparedConvolution2D(weights, bias: bias, geometry)(x, residual: residual, relu: true)
                            .distance(to: cut) == 0, "epilogue, \(level): \(it)")
                    #expect(
                        convolution2DGradientToInput(upstream, weights, geometry)
                            .distance(to: naive.gradientToInput(du, dw)) == 0, "to input, \(level): \(it)")
                    #expect(
                        convolution2DGradientToWeights(x, upstream, geometry)
                            .distance(to: naive.gradientToWeights(dx, du)) == 0, "to weights, \(level): \(it)")
                }
            }
        }
    }

    @Test("The number of threads changes no bit, and NaN stays where it is")
    func threads() {
        var random = Philox(seed: 92)
        for batch in [1, 5] {
            let geometry = Conv2DGeometry(
                input: (40, 33, 40), kernel: (3, 3), outputChannels: 40, padding: (1, 1), groups: 40)
            let x = Tensor(normal: geometry.inputShape(batch: batch), using: &random)
            let weights = Tensor(normal: geometry.weightShape, using: &random)
            func all() -> [Tensor] {
                let y = convolution2D(x, weights, geometry)
                return [
                    y, convolution2DGradientToInput(y, weights, geometry),
                    convolution2DGradientToWeights(x, y, geometry),
                ]
            }
            let (one, three) = (Parallel.withThreads(1) { all() }, Parallel.withThreads(3) { all() })
            #expect(zip(one, three).allSatisfy { $0.isBitIdentical(to: $1) })
        }
        let geometry = Conv2DGeometry(
            input: (5, 12, 16), kernel: (3, 3), outputChannels: 16, padding: (1, 1), groups: 16)
        var scalars = [Float](repeating: 1, count: 5 * 12 * 16)
        scalars[(2 * 12 + 6) * 16 + 3] = .nan
        let y = PreparedConvolution2D(.ones(geometry.weightShape), geometry)(
            Tensor(scalars, shape: [1, 5, 12, 16]), relu: true)
        #expect(y.scalars.count(where: \.isNaN) == 9)
    }

    @Test(
        "Strided and dilated at once, the gradient to the input is left to im2col; other groups are no depthwise ones")
    func fallingBack() {
        func passes(_ geometry: Conv2DGeometry) -> [Bool] {
            Conv2DPass.allCases.map { Conv2DAlgorithm.depthwise.computes($0, of: geometry) }
        }
        let both = Conv2DGeometry(
            input: (9, 9, 4), kernel: (3, 3), outputChannels: 4, stride: (2, 2), dilation: (2, 2), groups: 4)
        #expect(passes(both) == [true, false, true])
        let grouped = Conv2DGeometry(input: (9, 9, 4), kernel: (3, 3), outputChannels: 4, groups: 2)
        #expect(passes(grouped) == [false, false, false] && Conv2DAlgorithm.best(for: grouped) != .depthwise)
        let one = Conv2DGeometry(input: (9, 9, 1), kernel: (3, 3), outputChannels: 4)
        #expect(passes(one) == [false, false, false])
    }

    @Test("Depthwise kernels read and write inside of their buffers, at every level")
    func guardPages() async {
        await #expect(processExitsWith: .success) {
            for ((height, width), stride) in shapes([(1, 1), (2, 3), (4, 9), (3, 17)], [1, 2, 3]) {
                for (kernel, channels) in shapes([1, 2, 3, 5, 6], [1, 3, 8, 15, 16, 17, 40]) {
                    let (top, left) = (kernel / 2, (kernel - 1) / 2)
                    let (rows, columns) = ((height - 1) / stride + 1, (width - 1) / stride + 1)
                    var g = rk_depthwise_geometry(
                        height: height, width: width, channels: channels, kernel_height: kernel, kernel_width: kernel,
                        stride_height: stride, stride_width: stride, dilation_height: 1, dilation_width: 1, top: top,
                        left: left, output_height: rows, output_width: columns, output_row: columns * channels,
                        output_pixel: channels)
                    let image = guardNumbers(height * width * channels, 1)
                    let weights = guardNumbers(kernel * kernel * channels, 2)
                    let count = rows * columns * channels
                    for level in SIMDLevel.available {
                        SIMDLevel.limit(to: level)
                        expectStaysInside(
                            "depthwise \(height)×\(width)×\(channels), kernel \(kernel), stride \(stride)", level: level
                        ) { buffers in
                            forEachEpilogue(buffers, channels: channels, count: count) {
                                rk_depthwise_forward(
                                    buffers.input(image), &g, 0, rows, buffers.input(weights), $0,
                                    buffers.output(count))
                            }
                            rk_depthwise_weight_gradient(
                                buffers.input(image), &g, buffers.input(guardNumbers(count, 5)),
                                buffers.updated(weights))
                            rk_repeat_channels(
                                buffers.input(image), image.count, stride, buffers.output(stride * image.count))
                        }
                    }
                }
            }
        }
    }
}
