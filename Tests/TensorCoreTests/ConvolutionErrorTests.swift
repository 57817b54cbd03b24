import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct ConvolutionErrorTests {
    typealias Case = Convolution2DTests.Case

    /// The root of the mean square error of forward pass, gradient to the input and gradient to the weights, relative
    /// to that of the result, on normal numbers.
    private func errors(_ algorithm: Conv2DAlgorithm, channels: Int, to outputs: Int) -> [Double] {
        var random = Philox(seed: 14)
        let it = Case(input: (2, 12, 10, channels), kernel: (3, 3), output: outputs, padding: (1, 1))
        let x = Tensor(normal: it.geometry.inputShape(batch: 2), using: &random)
        let weights = Tensor(normal: it.geometry.weightShape, using: &random)
        let upstream = Tensor(normal: it.geometry.outputShape(batch: 2), using: &random)
        let exact = [
            it.naive.output(DoubleArray(x), DoubleArray(weights)),
            it.naive.gradientToInput(DoubleArray(upstream), DoubleArray(weights)),
            it.naive.gradientToWeights(DoubleArray(x), DoubleArray(upstream)),
        ]
        let results = [
            convolution2D(x, weights, it.geometry, algorithm: algorithm),
            convolution2DGradientToInput(upstream, weights, it.geometry, algorithm: algorithm),
            convolution2DGradientToWeights(x, upstream, it.geometry, algorithm: algorithm),
        ]
        return zip(results, exact).map { result, exact in
            let error = zip(result.scalars, exact.values).reduce(0) { $0 + pow(Double($1.0) - $1.1, 2) }
            return (error / exact.values.reduce(0) { $0 + $1 * $1 }).squareRoot()
        }
    }

    // PyTorch's are 1.5, 2.1 and 3.5 · 10⁻⁷. Without blocks direct sums were at 5 · 10⁻⁷ and Winograd's at 14, growing
    // with the root of the channels. Winograd's are one block up to 64 channels, where they are largest.
    @Test(
        "The error of a 3×3 convolution does not grow with its channels",
        arguments: Conv2DAlgorithm.allCases, [(32, 32), (64, 64), (192, 16), (16, 192), (112, 48), (256, 32)])
    func rootMeanSquare(algorithm: Conv2DAlgorithm, channels: (Int, Int)) {
        let found = errors(algorithm, channels: channels.0, to: channels.1)
        let bound = algorithm == .winograd ? 9.5e-7 : 3e-7
        for error in found { #expect(error > 0 && error < bound, "\(algorithm): \(found)") }
    }
}
