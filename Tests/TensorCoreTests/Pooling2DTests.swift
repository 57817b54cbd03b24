import TensorCore
import TestSupport
import Testing

@Suite struct Pooling2DTests {
    private static let geometries = [
        Pool2DGeometry(input: (4, 4, 3), window: (2, 2)),
        Pool2DGeometry(input: (5, 7, 17), window: (2, 3)),
        Pool2DGeometry(input: (7, 5, 2), window: (3, 3), stride: (2, 2), padding: (1, 1)),
        Pool2DGeometry(input: (7, 5, 2), window: (3, 3), stride: (2, 2), padding: (1, 1), countsPadding: false),
        Pool2DGeometry(input: (6, 4, 1), window: (3, 2), stride: (1, 1), padding: (2, 1)),
        Pool2DGeometry(input: (6, 4, 1), window: (3, 2), stride: (1, 1), padding: (2, 1), countsPadding: false),
        Pool2DGeometry(input: (1, 1, 9), window: (1, 1)),
        Pool2DGeometry(input: (3, 8, 8), window: (1, 4), stride: (3, 1)),
    ]

    /// For each output pixel the pixels of its window that lie in the image, row by row, by trying every place.
    private func windows(_ g: Pool2DGeometry) -> [[(y: Int, x: Int)]] {
        var windows: [[(y: Int, x: Int)]] = []
        for top in stride(
            from: -g.paddingHeight, through: g.inputHeight + g.paddingHeight - g.windowHeight, by: g.strideHeight)
        {
            for left in stride(
                from: -g.paddingWidth, through: g.inputWidth + g.paddingWidth - g.windowWidth, by: g.strideWidth)
            {
                windows.append(
                    (0..<g.inputHeight * g.inputWidth).map { ($0 / g.inputWidth, $0 % g.inputWidth) }
                        .filter {
                            (top..<top + g.windowHeight).contains($0.0) && (left..<left + g.windowWidth).contains($0.1)
                        })
            }
        }
        return windows
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
                    let values = window.map { x[n, $0.y, $0.x, c] }
                    let largest = values.max()!
                    #expect(output[n, oy, ox, c] == largest)
                    let winner = window[values.firstIndex(of: largest)!]
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
                let weight = 1 / Double(g.countsPadding ? g.windowHeight * g.windowWidth : window.count)
                for c in 0..<g.channels {
                    let to = (n * g.outputHeight * g.outputWidth + place) * g.channels + c
                    for pixel in window {
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
