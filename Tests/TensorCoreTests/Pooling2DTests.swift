import TensorCore
import TestSupport
import Testing

@Suite struct Pooling2DTests {
    private static let geometries = usual + unusual

    private static let usual = [
        Pool2DGeometry(input: (4, 4, 3), window: (2, 2)),
        Pool2DGeometry(input: (5, 7, 17), window: (2, 3)),
        Pool2DGeometry(input: (7, 5, 2), window: (3, 3), stride: (2, 2), padding: (1, 1)),
        Pool2DGeometry(input: (7, 5, 2), window: (3, 3), stride: (2, 2), padding: (1, 1), countsPadding: false),
        Pool2DGeometry(input: (6, 4, 1), window: (3, 2), stride: (1, 1), padding: (2, 1)),
        Pool2DGeometry(input: (6, 4, 1), window: (3, 2), stride: (1, 1), padding: (2, 1), countsPadding: false),
        Pool2DGeometry(input: (1, 1, 9), window: (1, 1)),
        Pool2DGeometry(input: (3, 8, 8), window: (1, 4), stride: (3, 1)),
    ]

    /// Sides that differ, taps that are apart, windows that reach beyond the padding.
    private static let unusual = [true, false].flatMap { countsPadding in
        [
            Pool2DGeometry(
                input: (6, 5, 3), window: (3, 2), stride: (2, 1),
                padding: Padding2D(top: 0, left: 1, bottom: 2, right: 0), countsPadding: countsPadding),
            Pool2DGeometry(
                input: (6, 7, 17), window: (3, 3), stride: (2, 2),
                padding: Padding2D(top: 1, left: 0, bottom: 0, right: 1), ceilMode: true, countsPadding: countsPadding),
            Pool2DGeometry(
                input: (5, 6, 2), window: (2, 2), stride: (3, 4), padding: (1, 1), ceilMode: true,
                countsPadding: countsPadding),
            Pool2DGeometry(
                input: (7, 9, 16), window: (2, 3), stride: (1, 2), padding: (1, 2), dilation: (3, 2),
                countsPadding: countsPadding),
            Pool2DGeometry(
                input: (8, 8, 5), window: (3, 2), stride: (3, 2),
                padding: Padding2D(top: 2, left: 0, bottom: 0, right: 3), dilation: (2, 4), ceilMode: true,
                countsPadding: countsPadding),
        ]
    }

    /// For each output pixel the pixels of its window that lie in the image, row by row, and how many taps lie in the
    /// padded image, by trying every place.
    private func windows(_ g: Pool2DGeometry) -> [(pixels: [(y: Int, x: Int)], padded: Int)] {
        func starts(_ extent: Int, _ span: Int, _ step: Int, _ before: Int, _ after: Int) -> [Int] {
            Array(stride(from: -before, to: extent, by: step)).filter {
                let isWhole = $0 + span <= extent + after
                return isWhole || (g.ceilMode && $0 - step + span < extent + after)
            }
        }
        let rows = starts(
            g.inputHeight, (g.windowHeight - 1) * g.dilationHeight + 1, g.strideHeight, g.padding.top, g.padding.bottom)
        let columns = starts(
            g.inputWidth, (g.windowWidth - 1) * g.dilationWidth + 1, g.strideWidth, g.padding.left, g.padding.right)
        return rows.flatMap { top in
            columns.map { left in
                let taps = (0..<g.windowHeight * g.windowWidth).map {
                    (y: top + $0 / g.windowWidth * g.dilationHeight, x: left + $0 % g.windowWidth * g.dilationWidth)
                }
                return (
                    taps.filter { (0..<g.inputHeight).contains($0.y) && (0..<g.inputWidth).contains($0.x) },
                    taps.filter { $0.y < g.inputHeight + g.padding.bottom && $0.x < g.inputWidth + g.padding.right }
                        .count
                )
            }
        }
    }

    @Test("The maximum, and its gradient to the first of equal maxima", arguments: geometries)
    func maximum(_ g: Pool2DGeometry) {
        var random = Philox(seed: 3)
        let batch = 2
        let x = Tensor(wholeNumbers: g.inputShape(batch: batch), using: &random)  // few values: many ties
        let (output, argmax) = maxPool2D(x, g)
        let upstream = Tensor(wholeNumbers: output.shape, using: &random)
        let gradient = maxPool2DGradient(upstream, argmax, g)
        var expected = DoubleArray(zeros: x.shape)
        let windows = windows(g)
        #expect(output.shape == [batch, g.outputHeight, g.outputWidth, g.channels])
        #expect(windows.count == g.outputHeight * g.outputWidth)
        for n in 0..<batch {
            for (place, window) in windows.enumerated() {
                let (oy, ox) = (place / g.outputWidth, place % g.outputWidth)
                for c in 0..<g.channels {
                    let values = window.pixels.map { x[n, $0.y, $0.x, c] }
                    let largest = values.max()!
                    #expect(output[n, oy, ox, c] == largest)
                    let winner = window.pixels[values.firstIndex(of: largest)!]
                    expected.values[((n * g.inputHeight + winner.y) * g.inputWidth + winner.x) * g.channels + c] +=
                        Double(upstream[n, oy, ox, c])
                }
            }
        }
        #expect(gradient.distance(to: expected) == 0)
    }

    @Test("The mean, over the window or over the pixels in it, and its gradient", arguments: geometries)
    func average(_ g: Pool2DGeometry) {
        var random = Philox(seed: 4)
        let x = Tensor(wholeNumbers: g.inputShape(batch: 2), using: &random)
        let output = averagePool2D(x, g)
        let upstream = Tensor(wholeNumbers: output.shape, using: &random)
        var mean = DoubleArray(zeros: output.shape)
        var gradient = DoubleArray(zeros: x.shape)
        for n in 0..<2 {
            for (place, window) in windows(g).enumerated() {
                let weight = 1 / Double(g.countsPadding ? window.padded : window.pixels.count)
                for c in 0..<g.channels {
                    let to = (n * g.outputHeight * g.outputWidth + place) * g.channels + c
                    for pixel in window.pixels {
                        let from = ((n * g.inputHeight + pixel.y) * g.inputWidth + pixel.x) * g.channels + c
                        mean.values[to] += weight * Double(x.scalars[from])
                        gradient.values[from] += weight * Double(upstream.scalars[to])
                    }
                }
            }
        }
        // Sums of at most 9 whole numbers up to 4, times a rounded weight: a few units in the last place of 4.
        #expect(output.distance(to: mean) <= 4 * 0x1p-23)
        #expect(averagePool2DGradient(upstream, g).distance(to: gradient) <= 9 * 4 * 0x1p-23)
    }

    @Test("Ceil mode: ONNX Runtime's numbers, where only padding that was asked for counts")
    func ceilMode() {
        // x is 1², 2², … 12² as 3×4 pixels; from ONNX Runtime 1.32, opset 22.
        let x = Tensor((1...12).map { Float($0 * $0) }, shape: [1, 3, 4, 1])
        func mean(
            _ window: (Int, Int), _ stride: (Int, Int), _ padding: Padding2D, counts: Bool
        ) -> [Float] {
            let geometry = Pool2DGeometry(
                input: (3, 4, 1), window: window, stride: stride, padding: padding, ceilMode: true,
                countsPadding: counts)
            return averagePool2D(x, geometry).scalars.map { ($0 * 1000).rounded() / 1000 }
        }
        let sides = Padding2D(0, 1)
        #expect(mean((2, 2), (2, 3), sides, counts: false) == [13, 34.5, 81, 132.5])
        #expect(mean((2, 2), (2, 3), sides, counts: true) == [6.5, 34.5, 40.5, 132.5])
        let before = Padding2D(top: 1, left: 1, bottom: 0, right: 0)
        #expect(mean((3, 3), (2, 2), before, counts: false) == [16.5, 29.667, 60.5, 85.667])
        #expect(mean((3, 3), (2, 2), before, counts: true) == [7.333, 19.778, 40.333, 85.667])
        let apart = Pool2DGeometry(
            input: (3, 4, 1), window: (2, 2), stride: (2, 2), padding: Padding2D(top: 0, left: 1, bottom: 1, right: 0),
            dilation: (2, 2), ceilMode: true)
        #expect(maxPool2D(x, apart).output.scalars == [100, 144, 100, 144])
    }

    @Test("The mean over all pixels, and its gradient", arguments: [(1, 1, 1, 1), (3, 7, 5, 17), (2, 33, 1, 8)])
    func global(n: Int, h: Int, w: Int, c: Int) {
        var random = Philox(seed: 5)
        let x = Tensor(wholeNumbers: [n, h, w, c], using: &random)
        var mean = DoubleArray(zeros: [n, c])
        for (index, value) in x.scalars.enumerated() {
            mean.values[index / (h * w * c) * c + index % c] += Double(value) / Double(h * w)
        }
        #expect(globalAverage(x).distance(to: mean) <= 4 * 0x1p-24)
        let upstream = Tensor(wholeNumbers: [n, c], using: &random)
        let gradient = globalAverageGradient(upstream, to: x.shape)
        for (index, value) in gradient.scalars.enumerated() {
            let expected = Double(upstream.scalars[index / (h * w * c) * c + index % c]) / Double(h * w)
            #expect(abs(Double(value) - expected) <= 4 * 0x1p-23)
        }
    }

    @Test("A NaN wins its window, wherever it stands, and is not lost")
    func notANumber() {
        for place in 0..<4 {
            var scalars: [Float] = [1, 2, 3, 4]
            scalars[place] = .nan
            let (output, _) = maxPool2D(
                Tensor(scalars, shape: [1, 2, 2, 1]), Pool2DGeometry(input: (2, 2, 1), window: (2, 2)))
            #expect(output.scalar.isNaN)
        }
    }
}
