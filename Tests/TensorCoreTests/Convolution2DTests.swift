import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct Convolution2DTests {
    struct Case: Sendable {
        var input: (n: Int, h: Int, w: Int, c: Int)
        var kernel: (h: Int, w: Int)
        var output: Int
        var stride = (1, 1)
        var padding = (0, 0)
        /// Below and to the right, where it differs.
        var after: (Int, Int)?
        var dilation = (1, 1)
        var groups = 1

        var geometry: Conv2DGeometry {
            Conv2DGeometry(
                input: (input.h, input.w, input.c), kernel: (kernel.h, kernel.w), outputChannels: output,
                stride: stride,
                padding: Padding2D(
                    top: padding.0, left: padding.1, bottom: after?.0 ?? padding.0, right: after?.1 ?? padding.1),
                dilation: dilation, groups: groups)
        }
        var naive: NaiveConvolution {
            NaiveConvolution(
                input: input, kernel: kernel, output: output, stride: stride, padding: padding, paddingAfter: after,
                dilation: dilation, groups: groups)
        }
    }

    /// A geometry with every parameter drawn alone: non-square kernels and images, all of the borders, all of the
    /// groups.
    private static func randomCase(_ random: inout Philox) -> Case {
        func draw(_ range: ClosedRange<Int>) -> Int { range.lowerBound + random.index(below: range.count) }
        // Small kernels more often: 7×7 is slow and 1×1 and 3×3 are what networks are made of.
        let sides = [1, 1, 2, 3, 3, 3, 4, 5, 6, 7]
        let kernel = (h: sides[draw(0...9)], w: sides[draw(0...9)])
        let stride = (draw(1...3), draw(1...3))
        let padding = (draw(0...3), draw(0...3))
        let after = draw(0...1) == 0 ? padding : (draw(0...3), draw(0...3))
        let dilation = (draw(1...2), draw(1...2))
        func extent(_ kernel: Int, _ padding: Int, _ dilation: Int) -> Int {
            max(1, (kernel - 1) * dilation + 1 - padding) + draw(0...3)
        }
        let groups = [1, 1, 2, 3, 4][draw(0...4)]
        let depthwise = draw(0...3) == 0
        let channels = groups * (depthwise ? 1 : draw(1...3))
        return Case(
            input: (
                draw(1...2), extent(kernel.h, padding.0 + after.0, dilation.0),
                extent(kernel.w, padding.1 + after.1, dilation.1), channels
            ),
            kernel: kernel, output: groups * (depthwise ? draw(1...2) : draw(1...3)), stride: stride,
            padding: padding, after: after, dilation: dilation, groups: groups)
    }

    /// Forward and both gradients against the naive loop. Whole numbers: every sum is exact in Float32, so any
    /// difference is a mistake and none is rounding; but Winograd's transforms have irrational factors.
    private func check(_ it: Case, _ random: inout Philox) {
        let geometry = it.geometry
        let naive = it.naive
        #expect(geometry.outputHeight == naive.outputHeight && geometry.outputWidth == naive.outputWidth, "\(it)")
        let x = Tensor(wholeNumbers: geometry.inputShape(batch: it.input.n), using: &random)
        let weights = Tensor(wholeNumbers: geometry.weightShape, using: &random)
        let bias = Tensor(wholeNumbers: [it.output], using: &random)
        let upstream = Tensor(wholeNumbers: geometry.outputShape(batch: it.input.n), using: &random)
        let (dx, dw, du) = (DoubleArray(x), DoubleArray(weights), DoubleArray(upstream))
        let output = naive.output(dx, dw)
        let shifted = output.mapRows { row in zip(row, bias.scalars).map { $0 + Double($1) } }
        let gradientToInput = naive.gradientToInput(du, dw)
        let gradientToWeights = naive.gradientToWeights(dx, du)
        for algorithm in Conv2DAlgorithm.allCases {
            // Values of at most 4: an error of the transforms is thousands of times this, rounding a tenth of it.
            func bound(_ exact: DoubleArray) -> Double { algorithm == .winograd ? 1e-5 * max(16, exact.magnitude) : 0 }
            #expect(
                convolution2D(x, weights, geometry, algorithm: algorithm).distance(to: output) <= bound(output),
                "forward, \(algorithm), \(it)")
            #expect(
                convolution2D(x, weights, bias: bias, geometry, algorithm: algorithm).distance(to: shifted)
                    <= bound(shifted),
                "forward with bias, \(algorithm), \(it)")
            #expect(
                convolution2DGradientToInput(upstream, weights, geometry, algorithm: algorithm)
                    .distance(to: gradientToInput) <= bound(gradientToInput), "gradient to input, \(algorithm), \(it)")
            #expect(
                convolution2DGradientToWeights(x, upstream, geometry, algorithm: algorithm)
                    .distance(to: gradientToWeights) <= bound(gradientToWeights),
                "gradient to weights, \(algorithm), \(it)")
        }
    }

    @Test("300 random geometries: forward and both gradients equal the naive loop", arguments: 0..<6)
    func randomGeometries(series: Int) {
        var random = Philox(seed: 11, sample: series)
        var seen = Set<String>()
        for _ in 0..<50 {
            let it = Self.randomCase(&random)
            check(it, &random)
            seen.formUnion([
                "stride \(it.stride.0)", "padding \(it.padding.1)", "dilation \(it.dilation.0)", "groups \(it.groups)",
            ])
            if it.groups > 1 && it.input.c == it.groups { seen.insert("depthwise") }
            if it.kernel.h != it.kernel.w { seen.insert("kernel not square") }
            if it.padding.0 != it.after?.0 { seen.insert("padding differs from side to side") }
        }
        #expect(seen.count == 3 + 4 + 2 + 4 + 3, "the draw missed a kind: \(seen.sorted())")
    }

    @Test("Direct tiles: every width of a tile, both block sizes, padding, stride, one channel and many")
    func directTiles() {
        var random = Philox(seed: 13)
        // Widths 1 … 30 walk every tile of 1 … 14 pixels and the splits of longer rows; kernel width · channels walks
        // the tiles of the gradient to the weights.
        for width in 1...30 {
            let output = [8, 16, 24, 32, 48][width % 5]
            check(
                Case(input: (2, 3, width, 1 + width % 7), kernel: (3, 3), output: output, padding: (1, 1)), &random)
        }
        let cases = [
            Case(input: (9, 4, 5, 16), kernel: (3, 3), output: 16, padding: (1, 1)),
            Case(input: (1, 9, 9, 8), kernel: (3, 3), output: 32, stride: (2, 2), padding: (1, 1)),
            Case(input: (1, 7, 11, 2), kernel: (1, 1), output: 16, stride: (2, 2)),
            Case(input: (1, 4, 6, 3), kernel: (5, 3), output: 16, padding: (2, 0)),
            Case(input: (1, 5, 5, 8), kernel: (3, 3), output: 16, padding: (3, 3)),
            Case(input: (1, 6, 6, 4), kernel: (2, 2), output: 8, stride: (3, 3)),
        ]
        for it in cases { check(it, &random) }
    }

    @Test(
        "Winograd: images that patches do not divide, every padding, one channel block and several, panels and batches")
    func winogradPatches() {
        var random = Philox(seed: 15)
        for side in 1...13 {
            let channels = [8, 16, 24, 32, 48]
            let it = Case(
                input: (1 + side % 3, side + 2, 14 - side + 2, channels[side % 5]), kernel: (3, 3),
                output: channels[(side + 2) % 5], padding: (side % 4, (side + 1) % 3))
            check(it, &random)
        }
        check(Case(input: (19, 8, 8, 16), kernel: (3, 3), output: 16, padding: (1, 1)), &random)
        check(Case(input: (2, 29, 31, 16), kernel: (3, 3), output: 32, padding: (1, 1)), &random)
        check(Case(input: (1, 3, 3, 16), kernel: (3, 3), output: 16), &random)
        check(Case(input: (0, 8, 8, 16), kernel: (3, 3), output: 16, padding: (1, 1)), &random)
    }

    @Test("Padding that differs from side to side: direct and Winograd's kernels, forward and back")
    func unequalSides() {
        var random = Philox(seed: 23)
        for (top, bottom) in [(0, 1), (1, 0), (0, 3), (2, 0), (1, 4), (3, 1)] {
            for stride in 1...2 {
                check(
                    Case(
                        input: (1, 5, 7, 8), kernel: (3, 3), output: 8, stride: (stride, stride),
                        padding: (top, bottom), after: (bottom, top)), &random)
            }
        }
        // As many rows are left out below as are added above.
        check(Case(input: (1, 6, 6, 2), kernel: (3, 3), output: 8, stride: (3, 3), padding: (1, 1)), &random)
    }

    @Test("The way back through a stride: every stride, kernel and padding, pixels that no tap reaches")
    func stridedGradients() {
        var random = Philox(seed: 16)
        for stride in 2...3 {
            for kernel in 1...5 {
                for padding in 0...2 {
                    check(
                        Case(
                            input: (2, 9, 11, 8), kernel: (kernel, kernel), output: 16, stride: (stride, 5 - stride),
                            padding: (padding, 2 - padding)), &random)
                }
            }
        }
    }

    @Test("Residual and ReLU in the convolution's pass equal steps of their own, NaN stays, for every algorithm")
    func epilogues() {
        var random = Philox(seed: 17)
        for it in [
            Case(input: (3, 9, 10, 16), kernel: (3, 3), output: 32, padding: (1, 1)),
            Case(input: (2, 7, 5, 3), kernel: (3, 3), output: 16, stride: (2, 2), padding: (1, 1)),
            Case(input: (2, 5, 5, 8), kernel: (1, 1), output: 8),
        ] {
            let x = Tensor(wholeNumbers: it.geometry.inputShape(batch: it.input.n), using: &random)
            let weights = Tensor(wholeNumbers: it.geometry.weightShape, using: &random)
            let bias = Tensor(wholeNumbers: [it.output], using: &random)
            let residual = Tensor(wholeNumbers: it.geometry.outputShape(batch: it.input.n), using: &random)
            var broken = x
            broken[0, 0, 0, 0] = .nan
            for algorithm in Conv2DAlgorithm.allCases {
                let prepared = PreparedConvolution2D(weights, bias: bias, it.geometry, algorithm: algorithm)
                let plain = prepared(x)
                #expect(prepared(x, relu: true).isBitIdentical(to: relu(plain)), "\(algorithm), \(it)")
                #expect(prepared(x, residual: residual).isBitIdentical(to: plain + residual), "\(algorithm), \(it)")
                #expect(
                    prepared(x, residual: residual, relu: true).isBitIdentical(to: relu(plain + residual)),
                    "\(algorithm), \(it)")
                #expect(prepared(broken, relu: true)[0, 0, 0, 0].isNaN, "\(algorithm), \(it)")
            }
        }
    }

    @Test("The same bits for one thread and three, every algorithm")
    func threads() {
        var random = Philox(seed: 18)
        let cases = [
            Case(input: (13, 9, 9, 16), kernel: (3, 3), output: 16, padding: (1, 1)),
            Case(input: (5, 28, 28, 16), kernel: (3, 3), output: 16, padding: (1, 1)),
            Case(input: (9, 8, 8, 16), kernel: (3, 3), output: 32, stride: (2, 2), padding: (1, 1)),
            // A single image is cut into parts.
            Case(input: (1, 29, 28, 16), kernel: (3, 3), output: 32, padding: (1, 1)),
            Case(input: (1, 31, 32, 16), kernel: (3, 3), output: 48, stride: (2, 2), padding: (1, 1)),
            Case(input: (1, 33, 30, 24), kernel: (1, 1), output: 64),
        ]
        for it in cases {
            let x = Tensor(normal: it.geometry.inputShape(batch: it.input.n), using: &random)
            let weights = Tensor(normal: it.geometry.weightShape, using: &random)
            let upstream = Tensor(normal: it.geometry.outputShape(batch: it.input.n), using: &random)
            for algorithm in Conv2DAlgorithm.allCases {
                let all = { (threads: Int) -> [Tensor] in
                    Parallel.withThreads(threads) {
                        [
                            convolution2D(x, weights, it.geometry, algorithm: algorithm),
                            convolution2DGradientToInput(upstream, weights, it.geometry, algorithm: algorithm),
                            convolution2DGradientToWeights(x, upstream, it.geometry, algorithm: algorithm),
                        ]
                    }
                }
                for (one, three) in zip(all(1), all(3)) {
                    #expect(one.isBitIdentical(to: three), "\(algorithm), \(it)")
                }
            }
        }
    }

    @Test("Geometries that special cases are made for: 1×1, no batch, one pixel, 7×7, channels beside 8 and 16")
    func chosenGeometries() {
        var random = Philox(seed: 12)
        let cases = [
            Case(input: (2, 3, 4, 5), kernel: (1, 1), output: 7),
            Case(input: (2, 3, 4, 6), kernel: (1, 1), output: 4, groups: 2),
            Case(input: (2, 5, 4, 3), kernel: (1, 1), output: 2, stride: (2, 2)),
            Case(input: (1, 2, 2, 3), kernel: (1, 1), output: 2, padding: (1, 1)),
            Case(input: (3, 1, 1, 1), kernel: (1, 1), output: 1),
            Case(input: (1, 1, 1, 2), kernel: (3, 3), output: 2, padding: (1, 1)),
            Case(input: (1, 7, 7, 1), kernel: (7, 7), output: 1),
            Case(input: (1, 8, 7, 1), kernel: (7, 7), output: 2, padding: (3, 3)),
            Case(input: (0, 4, 4, 2), kernel: (3, 3), output: 3, padding: (1, 1)),
            Case(input: (1, 4, 5, 17), kernel: (3, 3), output: 9, padding: (1, 1)),
            Case(input: (1, 3, 3, 33), kernel: (3, 3), output: 33, padding: (1, 1), groups: 33),
            // Sums in several blocks, whole and not.
            Case(input: (1, 5, 6, 80), kernel: (3, 3), output: 16, padding: (1, 1)),
            Case(input: (1, 3, 4, 150), kernel: (1, 1), output: 16),
            // More images than the gradient to the weights has pieces, and not a multiple of them.
            Case(input: (11, 3, 3, 2), kernel: (3, 3), output: 2, padding: (1, 1)),
        ]
        for it in cases { check(it, &random) }
    }

    @Test("Real numbers: the error is within that of adding in single precision")
    func rounding() {
        var random = Philox(seed: 13)
        let it = Case(input: (2, 6, 5, 7), kernel: (3, 3), output: 9, padding: (1, 1))
        let x = Tensor(normal: it.geometry.inputShape(batch: 2), using: &random)
        let weights = Tensor(normal: it.geometry.weightShape, using: &random)
        let (output, magnitude) = (
            it.naive.output(DoubleArray(x), DoubleArray(weights)),
            it.naive.output(DoubleArray(x).map(abs), DoubleArray(weights).map(abs))
        )
        // A sum of K products in any order is off by at most K · 2⁻²⁴ · Σ |a · b| (Higham, Accuracy and Stability,
        // 3.1).
        let bound = Double(it.geometry.patchLength) * 0x1p-24
        let result = convolution2D(x, weights, it.geometry, algorithm: .im2col)
        for ((found, expected), size) in zip(zip(result.scalars, output.values), magnitude.values) {
            #expect(abs(Double(found) - expected) <= bound * size)
        }
    }
}
