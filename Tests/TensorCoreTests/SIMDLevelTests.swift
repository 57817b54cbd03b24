import Foundation
import TensorCore
import TestSupport
import Testing

// The level holds for the whole process, so each of these tests has a process of its own and disturbs no other.
@Suite struct SIMDLevelTests {
    @Test("The levels of this machine: scalar first, the detected one last; limiting never raises")
    func available() async {
        await #expect(processExitsWith: .success) {
            let levels = SIMDLevel.available
            #expect(levels.first == .scalar && levels.last == SIMDLevel.detected)
            #expect(levels == levels.sorted())
            for level in SIMDLevel.allCases {
                SIMDLevel.limit(to: level)
                #expect(SIMDLevel.active <= level && SIMDLevel.active <= .detected)
            }
        }
    }

    @Test("RETORT_SIMD lowers the level; empty it is not set; a name that is none is reported once and lowers nothing")
    func environment() async {
        await #expect(processExitsWith: .success) {
            setenv("RETORT_SIMD", "scalar", 1)
            #expect(SIMDLevel.active == .scalar)
        }
        let empty = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            setenv("RETORT_SIMD", "", 1)
            #expect(SIMDLevel.active == .detected)
        }
        #expect(!text(empty).contains("RETORT_SIMD"))
        let misspelt = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            setenv("RETORT_SIMD", "AVX2", 1)
            for _ in 0..<3 { #expect(SIMDLevel.active == .detected) }
        }
        let report =
            "RETORT_SIMD: \"AVX2\" found, scalar, neon, avx2, avx512 or avx512vnni expected; kernels use what the processor has"
        #expect(text(misspelt).components(separatedBy: report).count == 2)
    }

    @Test("NEON asked for where there is none is the scalar level, and never a level that this machine has not")
    func foreign() async {
        await #expect(processExitsWith: .success) {
            setenv("RETORT_SIMD", "neon", 1)
            #expect(SIMDLevel.available.contains(SIMDLevel.active) && SIMDLevel.active <= .neon)
            for level in SIMDLevel.allCases {
                SIMDLevel.limit(to: level)
                #expect(SIMDLevel.available.contains(SIMDLevel.active))
            }
        }
    }

    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test("Kernels that round once an element, or add in a fixed order, give the same bits at every level")
    func sameBits() async {
        await #expect(processExitsWith: .success) {
            for count in vectorTails {
                let (x, y) = (numbers(count, 1), numbers(count, 2))
                let row = numbers(count, 3)
                expectAtEveryLevel("count \(count)") {
                    [
                        x + y, x - y, x * y, x / y, relu(x), reluGradient(x, output: y), Tensor(x.sum()),
                        Tensor(x.isFinite ? 1 : 0), x.reshaped(to: [1, count]).addingToRows(row),
                        sumOverLeadingAxes(numbers(count * 37, 4).reshaped(to: [37, count])),
                    ]
                } compare: {
                    $0.isBitIdentical(to: $1)
                }
            }
        }
    }

    @Test("Fused multiply-adds differ from two roundings by one rounding of the product")
    func multiplyAdd() async {
        await #expect(processExitsWith: .success) {
            for count in vectorTails {
                let (x, y) = (numbers(count, 1), numbers(count, 2))
                // |x · f| ≤ 3 · 5, and the sum once more: 2 · 20 · 2⁻²⁴.
                expectAtEveryLevel("count \(count)") {
                    var sum = y
                    sum.add(x, scaledBy: 2.7)
                    return [
                        x.affine(factor: 2.7, offset: 0.3), sum, x.reshaped(to: [1, count]).scalingRows(by: [3.1]),
                    ]
                } compare: {
                    $0.distance(to: DoubleArray($1)) <= 40 * 0x1p-24
                }
            }
        }
    }

    @Test("Rows of class scores: within 4 units in the last place of a probability, and of a logarithm")
    func softmaxRows() async {
        await #expect(processExitsWith: .success) {
            for count in vectorTails where count > 0 {
                let x = numbers(3 * count, 5).reshaped(to: [3, count])
                expectAtEveryLevel("count \(count)") {
                    [softmax(x), logSoftmax(x)]
                } compare: {
                    $0.distance(to: DoubleArray($1)) <= 4 * 0x1p-23
                        * Double(max($1.max(axis: 1).scalars.map(abs).max()!, 16))
                }
            }
        }
    }

    @Test("Convolution: every algorithm, forward and both gradients, at every level")
    func convolutions() async {
        await #expect(processExitsWith: .success) {
            let geometries = [
                Conv2DGeometry(input: (9, 14, 16), kernel: (3, 3), outputChannels: 32, padding: (1, 1)),
                Conv2DGeometry(input: (6, 5, 24), kernel: (3, 3), outputChannels: 8, padding: (1, 0)),
                Conv2DGeometry(input: (8, 7, 3), kernel: (3, 3), outputChannels: 16, padding: (1, 1)),
                Conv2DGeometry(input: (8, 7, 1), kernel: (3, 3), outputChannels: 32, padding: (1, 1)),
                Conv2DGeometry(input: (9, 8, 16), kernel: (3, 3), outputChannels: 48, stride: (2, 2), padding: (1, 1)),
                Conv2DGeometry(input: (4, 6, 8), kernel: (1, 1), outputChannels: 16),
                Conv2DGeometry(input: (5, 5, 5), kernel: (3, 3), outputChannels: 7, padding: (1, 1)),
            ]
            for geometry in geometries {
                var random = Philox(seed: 83)
                let x = Tensor(wholeNumbers: geometry.inputShape(batch: 5), using: &random)
                let weights = Tensor(wholeNumbers: geometry.weightShape, using: &random)
                let upstream = Tensor(wholeNumbers: geometry.outputShape(batch: 5), using: &random)
                for algorithm in Conv2DAlgorithm.allCases {
                    expectAtEveryLevel("\(algorithm), \(geometry)") {
                        [
                            PreparedConvolution2D(weights, geometry, algorithm: algorithm)(
                                x, residual: upstream, relu: true),
                            convolution2DGradientToInput(upstream, weights, geometry, algorithm: algorithm),
                            convolution2DGradientToWeights(x, upstream, geometry, algorithm: algorithm),
                        ]
                    } compare: {
                        // Sums of whole numbers are exact; Winograd's transforms round.
                        let magnitude = DoubleArray($1).magnitude
                        return $0.distance(to: DoubleArray($1)) <= (algorithm == .winograd ? 1e-5 * magnitude : 0)
                    }
                }
            }
        }
    }

    @Test("Normalisation, its gradient, pooling, convolution's way back and the optimisers stay within rounding")
    func composites() async {
        await #expect(processExitsWith: .success) {
            for channels in [1, 3, 15, 16, 17, 33] {
                let shape: Shape = [2, 4, 5, channels]
                let (x, g) = (
                    numbers(shape.elementCount, 6).reshaped(to: shape),
                    numbers(shape.elementCount, 7).reshaped(to: shape)
                )
                let (scale, shift) = (numbers(channels, 8), numbers(channels, 9))
                let pool = Pool2DGeometry(input: (4, 5, channels), window: (3, 3), stride: (1, 1), padding: (1, 1))
                let convolution = Conv2DGeometry(
                    input: (4, 5, channels), kernel: (3, 3), outputChannels: channels, padding: (1, 1), groups: channels
                )
                let weights = numbers(9 * channels, 10).reshaped(to: convolution.weightShape)
                expectAtEveryLevel("\(channels) channels") {
                    let (output, statistics) = batchNormTraining(
                        x, scale: scale, shift: shift, epsilon: 1e-5, residual: g, relu: true)
                    let gradients = batchNormTrainingGradient(
                        g, x: x, statistics: statistics, scale: scale, shift: shift, residual: g, relu: true)
                    let (maximum, argmax) = maxPool2D(x, pool)
                    var (sgd, velocity) = (x, g)
                    sgd.stepSGD(along: g, velocity: &velocity, rate: 0.1, momentum: 0.9, decay: 0.01, nesterov: true)
                    var (adam, first, second) = (x, g * 0.1, g * g)
                    adam.stepAdamW(
                        along: g, first: &first, second: &second, step: 3, rate: 0.1, betas: (0.9, 0.999),
                        epsilon: 1e-8, decay: 0.01)
                    return [
                        statistics.mean, statistics.variance, output, gradients.x, gradients.scale, gradients.shift,
                        maximum,
                        maxPool2DGradient(g, argmax, pool), averagePool2D(x, pool), averagePool2DGradient(g, pool),
                        convolution2DGradientToInput(g, weights, convolution), sgd, velocity, adam, first, second,
                    ]
                } compare: {
                    // Sums of at most 40 terms below 25 in another rounding.
                    $0.distance(to: DoubleArray($1)) <= 40 * 25 * 0x1p-24 * max(1, DoubleArray($1).magnitude / 25)
                }
            }
        }
    }
}

/// Counts around the vector lengths 8 and 16, and above the 1,024 elements that a sum keeps in single precision.
private let vectorTails = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 1023, 1024, 1041, 3000]

private func numbers(_ count: Int, _ sample: Int) -> Tensor {
    var random = Philox(seed: 81, sample: sample)
    return Tensor(uniform: [count], in: -5...5, using: &random)
}

/// Computes at every level of this machine and compares with the scalar level's results.
private func expectAtEveryLevel(
    _ what: String, _ compute: () -> [Tensor], compare: (_ found: Tensor, _ scalar: Tensor) -> Bool
) {
    SIMDLevel.limit(to: .scalar)
    let expected = compute()
    for level in SIMDLevel.available {
        SIMDLevel.limit(to: level)
        for (place, (found, scalar)) in zip(compute(), expected).enumerated() {
            let agrees = compare(found, scalar)
            #expect(agrees, "\(level), \(what), result \(place)")
        }
    }
}
