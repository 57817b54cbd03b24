import TensorCore
import Testing

// A batch of no images: every operation gives the empty result of the right shape, or zeros where it sums over the
// batch. Means and extrema of nothing are refused.
@Suite struct EmptyBatchTests {
    private let none = Tensor.zeros([0, 6])
    private let six = Tensor.ones([6])

    @Test("Elementwise, rows, rearranging")
    func values() {
        let two = AffineQuantization(scale: 1, zeroPoint: 2)
        let shaped: [(Tensor, Shape)] = [
            (none + none, [0, 6]), (none - six, [0, 6]), (six * none, [0, 6]), (none / Tensor(2), [0, 6]),
            (none + 1, [0, 6]), (none - 1, [0, 6]), (2 * none, [0, 6]), (none / 2, [0, 6]), (-none, [0, 6]),
            (none.map { $0 + 1 }, [0, 6]), (none.affine(factor: 2, offset: 1), [0, 6]), (relu(none), [0, 6]),
            (reluGradient(none, output: none), [0, 6]), (sigmoid(none), [0, 6]), (tanh(none), [0, 6]),
            (sigmoidGradient(none, output: none), [0, 6]), (tanhGradient(none, output: none), [0, 6]),
            (softmax(none), [0, 6]), (logSoftmax(none), [0, 6]), (softmaxGradient(none, output: none), [0, 6]),
            (logSoftmaxGradient(none, output: none), [0, 6]), (none.addingToRows(six), [0, 6]),
            (none.scalingRows(by: []), [0, 6]), (Tensor.ones([1, 6]).broadcast(to: [0, 6]), [0, 6]),
            (none.reshaped(to: [6, 0, 3]), [6, 0, 3]), (none.transposed(), [6, 0]),
            (none.slice(axis: 1, 2..<4), [0, 2]),
            (none[rows: 0..<0], [0, 6]), (none.gatheringRows([]), [0, 6]),
            (Tensor.ones([2, 6]).gatheringRows([]), [0, 6]),
            (none.permutingLastAxis([5, 4, 3, 2, 1, 0]), [0, 6]), (.concatenated([none, none], axis: 0), [0, 6]),
            (.concatenated([none, none], axis: 1), [0, 12]),
            (none.quantized(two).dequantized(two), [0, 6]), (Tensor([], shape: [0, 6]), [0, 6]),
        ]
        for (place, (result, shape)) in shaped.enumerated() { #expect(result.shape == shape, "result \(place)") }
        #expect(none.scalars.isEmpty && none.argmax().isEmpty && none == none && none.isBitIdentical(to: none))
        #expect(none.description == "Tensor [0, 6]\n[]")
        var random = Philox(seed: 1)
        #expect(Tensor(normal: [0, 6], using: &random).count == 0)
        #expect(Tensor(uniform: [0, 6], in: 0...1, using: &random).count == 0)
        var (x, moment, square) = (none, none, none)
        x.add(none)
        x.add(none, scaledBy: 2)
        x.scale(by: 2)
        x.stepSGD(along: none, velocity: &moment, rate: 1, momentum: 0.9, decay: 0, nesterov: true)
        x.stepAdamW(
            along: none, first: &moment, second: &square, step: 1, rate: 1, betas: (0.9, 0.999), epsilon: 1, decay: 0)
        #expect(x.shape == [0, 6] && moment.shape == [0, 6] && square.shape == [0, 6])
    }

    @Test("Sums are 0; a loss of no rows is no rows; products over an empty axis are 0")
    func sums() {
        #expect(none.sum() == 0 && none.isFinite)
        #expect(none.sum(axis: 0) == .zeros([6]) && none.sum(axis: 1).shape == [0])
        #expect(none.mean(axis: 1).shape == [0] && none.max(axis: 1).shape == [0] && none.min(axis: 1).shape == [0])
        #expect(sumOverLeadingAxes(none) == .zeros([6]))
        let loss = softmaxCrossEntropy(none, targets: none)
        #expect(loss.losses.shape == [0] && loss.gradient.shape == [0, 6])
        let weights = Tensor.ones([6, 4])
        #expect(
            matmul(none, weights).shape == [0, 4]
                && matmul(weights, none, transposeA: true, transposeB: true).shape == [4, 0])
        #expect(matmul(none, .zeros([0, 4]), transposeA: true) == .zeros([6, 4]))
        #expect(batchedMatmul(.zeros([0, 2, 3]), .zeros([0, 3, 4])).shape == [0, 2, 4])
        #expect(batchedMatmul(.zeros([2, 3, 0]), .zeros([2, 0, 4])) == .zeros([2, 3, 4]))
        var histogram = Histogram()
        histogram.add(none)
        #expect(histogram.range(cutting: 0.1) == 0...0)
    }

    @Test("Convolutions by every algorithm, normalisation in use, pooling")
    func images() {
        for geometry in [
            Conv2DGeometry(input: (5, 4, 16), kernel: (3, 3), outputChannels: 16, padding: (1, 1)),
            Conv2DGeometry(input: (5, 4, 16), kernel: (3, 3), outputChannels: 16, stride: (2, 2), padding: (1, 1)),
            Conv2DGeometry(input: (5, 4, 3), kernel: (1, 1), outputChannels: 7),
        ] {
            let (x, y) = (Tensor.zeros(geometry.inputShape(batch: 0)), Tensor.zeros(geometry.outputShape(batch: 0)))
            let (weights, bias) = (Tensor.ones(geometry.weightShape), Tensor.ones([geometry.outputChannels]))
            for algorithm in Conv2DAlgorithm.allCases {
                #expect(convolution2D(x, weights, bias: bias, geometry, algorithm: algorithm) == y)
                let prepared = PreparedConvolution2D(weights, bias: bias, geometry, algorithm: algorithm)
                #expect(prepared(x, residual: y, relu: true) == y)
                #expect(convolution2DGradientToInput(y, weights, geometry, algorithm: algorithm) == x)
                let gradient = convolution2DGradientToWeights(x, y, geometry, algorithm: algorithm)
                #expect(gradient == .zeros(geometry.weightShape), "\(algorithm)")
            }
        }
        let x = Tensor.zeros([0, 5, 4, 6])
        let norm = batchNormInference(
            x, scale: six, shift: six, mean: six, variance: six, epsilon: 1, residual: x, relu: true)
        #expect(norm.shape == x.shape)
        let pool = Pool2DGeometry(input: (5, 4, 6), window: (2, 2))
        let (maximum, argmax) = maxPool2D(x, pool)
        let average = averagePool2D(x, pool)
        #expect(maximum.shape == [0, 2, 2, 6] && average.shape == [0, 2, 2, 6])
        #expect(maxPool2DGradient(maximum, argmax, pool) == x && averagePool2DGradient(average, pool) == x)
        #expect(globalAverage(x).shape == [0, 6] && globalAverageGradient(none, to: x.shape) == x)
    }

    @Test("Integer layers")
    func integers() {
        let step = AffineQuantization(scale: 0.5, zeroPoint: 3)
        let x = ByteTensor([], shape: [0, 5, 4, 6])
        for geometry in [
            Conv2DGeometry(input: (5, 4, 6), kernel: (3, 3), outputChannels: 4, padding: (1, 1)),
            Conv2DGeometry(input: (5, 4, 6), kernel: (1, 1), outputChannels: 4),
            Conv2DGeometry(input: (5, 4, 6), kernel: (3, 3), outputChannels: 6, groups: 6),
        ] {
            let channels = geometry.outputChannels
            let layer = IntegerConvolution(
                geometry, weights: Array(repeating: 1, count: geometry.weightShape.elementCount),
                bias: Array(repeating: 0, count: channels), multipliers: Array(repeating: 1, count: channels),
                inputZeroPoint: 3)
            let shape = geometry.outputShape(batch: 0)
            #expect(layer(x, to: step, residual: .init(ByteTensor([], shape: shape), step)).shape == shape)
            #expect(layer.floats(x).shape == shape)
        }
        let pool = Pool2DGeometry(input: (5, 4, 6), window: (2, 2))
        #expect(x.maxPooled(pool).shape == [0, 2, 2, 6])
        #expect(x.averagePooled(pool, from: step, to: step).shape == [0, 2, 2, 6])
        #expect(x.adding(x, from: (step, step), to: step).shape == x.shape)
        #expect(x.multiplied(by: x, from: (step, step), to: step).shape == x.shape)
        #expect(x.mapped(through: Array(0...255)).shape == x.shape && x.reshaped(to: [0]).bytes.isEmpty)
        #expect(ByteTensor.concatenated([x, x], axis: 3).shape == [0, 5, 4, 12])
    }

    @Test("Means, extrema and statistics over no rows stop the program with a text")
    func refused() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let mean = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([0, 6]).mean()
        }
        #expect(text(mean).contains("mean: shape [0, 6] has no elements"))
        let means = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([0, 6]).mean(axis: 0)
        }
        #expect(text(means).contains("mean: axis 0 of shape [0, 6] is empty"))
        let maximum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([0, 6]).max(axis: 0)
        }
        #expect(text(maximum).contains("max: axis 0 of shape [0, 6] is empty"))
        let minimum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([0, 6]).min(axis: 0)
        }
        #expect(text(minimum).contains("min: axis 0 of shape [0, 6] is empty"))
        let norm = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = batchNormTraining(.zeros([0, 6]), scale: .ones([6]), shift: .ones([6]), epsilon: 1)
        }
        #expect(text(norm).contains("batchNormTraining: input has shape [0, 6], no elements a channel"))
        let scalar = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([0]).scalar
        }
        #expect(text(scalar).contains("shape [0] has 0 elements, 1 expected"))
        let nothing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.concatenated([], axis: 0)
        }
        #expect(text(nothing).contains("concatenated: no tensors given"))
        let matrix = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try svd(.zeros([0, 6]))
        }
        #expect(text(matrix).contains("svd: matrix [0, 6], 1×1 or larger expected"))
    }
}
