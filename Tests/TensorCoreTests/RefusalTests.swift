import TensorCore
import Testing

// A wrong call stops the program, in optimised builds too, with a text that names the operation and both shapes.
// Each runs in a process of its own, whose standard error is read.
@Suite struct RefusalTests {
    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test("Arithmetic, reshaping, indexing and slicing")
    func values() async {
        let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones([2, 3]) + .ones([2])
        }
        #expect(text(sum).contains("+: shapes [2, 3] and [2] cannot be broadcast together"))
        let add = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var tensor = Tensor.ones([2, 3])
            tensor.add(.ones([3]))
        }
        #expect(text(add).contains("add: shapes [2, 3] and [3] differ"))
        let reshaped = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones([2, 3]).reshaped(to: [4])
        }
        #expect(text(reshaped).contains("reshaped: [2, 3] has 6 elements, [4] has 4"))
        let element = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones([2, 3])[1, 3]
        }
        #expect(text(element).contains("index [1, 3] is outside shape [2, 3]"))
        let slice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones([2, 3]).slice(axis: 1, 2..<4)
        }
        #expect(text(slice).contains("slice: 2..<4 of axis 1 of shape [2, 3]"))
        let joined = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.concatenated([.ones([2, 3]), .ones([2, 4])], axis: 0)
        }
        #expect(text(joined).contains("concatenated: shapes [2, 3] and [2, 4] differ beside axis 0"))
        let mean = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones([2, 0]).mean(axis: 1)
        }
        #expect(text(mean).contains("mean: axis 1 of shape [2, 0] is empty"))
        let order = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones([2, 3]).transposed([0, 0])
        }
        #expect(text(order).contains("transposed: [0, 0] is no order of the axes of [2, 3]"))
    }

    @Test("Shapes that no memory holds, and scalars of tensors that have several")
    func shapes() async {
        let overflow = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Shape([1 << 40, 1 << 40])
        }
        #expect(text(overflow).contains("has more than 2⁶³ elements"))
        let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Shape([2, -1])
        }
        #expect(text(negative).contains("[2, -1] has a negative extent"))
        let scalar = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.ones([2]).scalar
        }
        #expect(text(scalar).contains("shape [2] has 2 elements, 1 expected"))
        let scalars = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([1, 2, 3], shape: [2])
        }
        #expect(text(scalars).contains("3 elements given for shape [2]"))
    }

    @Test("Products and convolutions")
    func products() async {
        let product = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = matmul(.ones([2, 3]), .ones([2, 3]))
        }
        #expect(text(product).contains("matmul: [2, 3] has 3 columns, [2, 3] has 2 rows"))
        let batched = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = batchedMatmul(.ones([2, 3, 4]), .ones([3, 4, 5]))
        }
        #expect(text(batched).contains("[2, 3, 4] and [3, 4, 5]"))
        let channels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let geometry = Conv2DGeometry(input: (8, 8, 16), kernel: (3, 3), outputChannels: 4)
            _ = convolution2D(.ones([2, 8, 8, 3]), .ones(geometry.weightShape), geometry)
        }
        #expect(
            text(channels).contains(
                "convolution2D: input has 3 channels (shape [2, 8, 8, 3], axis 3), "
                    + "weights expect 16 (shape [3, 3, 16, 4], axis 2, 1 groups)"))
        let weights = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let geometry = Conv2DGeometry(input: (8, 8, 3), kernel: (3, 3), outputChannels: 4)
            _ = convolution2DGradientToInput(.ones([1, 6, 6, 4]), .ones([3, 3, 4, 3]), geometry)
        }
        #expect(text(weights).contains("weights have shape [3, 3, 4, 3], [3, 3, 3, 4] expected"))
        let batch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let geometry = Conv2DGeometry(input: (3, 3, 1), kernel: (3, 3), outputChannels: 1)
            _ = convolution2DGradientToWeights(.ones([2, 3, 3, 1]), .ones([3, 1, 1, 1]), geometry)
        }
        #expect(text(batch).contains("input [2, 3, 3, 1] and upstream [3, 1, 1, 1] differ in axis 0"))
        let kernel = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DGeometry(input: (4, 4, 1), kernel: (3, 3), outputChannels: 1, dilation: (2, 2))
        }
        #expect(text(kernel).contains("kernel spans 5×5, padded input is only 4×4"))
        let groups = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DGeometry(input: (4, 4, 3), kernel: (1, 1), outputChannels: 4, groups: 2)
        }
        #expect(text(groups).contains("2 groups do not divide 3 input and 4 output channels"))
    }

    @Test("Normalisation, pooling, losses, optimisers, randomness, threads")
    func others() async {
        let norm = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = batchNormTraining(.ones([4, 3]), scale: .ones([2]), shift: .ones([3]), epsilon: 0)
        }
        #expect(text(norm).contains("input has 3 channels (shape [4, 3]), statistics have shape [2]"))
        let pool = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Pool2DGeometry(input: (4, 4, 1), window: (2, 2), padding: (2, 0))
        }
        #expect(text(pool).contains("padding (2, 0) is not less than window"))
        let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Pool2DGeometry(input: (1, 4, 1), window: (2, 2), padding: (1, 0), dilation: (2, 2))
        }
        #expect(text(empty).contains("with dilation (2, 2) has no pixel of input"))
        let pooled = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = maxPool2D(.ones([1, 5, 4, 1]), Pool2DGeometry(input: (4, 4, 1), window: (2, 2)))
        }
        #expect(text(pooled).contains("input has shape [1, 5, 4, 1], [1, 4, 4, 1] expected"))
        let loss = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = softmaxCrossEntropy(.ones([2, 3]), targets: .ones([3, 2]))
        }
        #expect(text(loss).contains("logits [2, 3], targets [3, 2]"))
        let step = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var (weights, velocity) = (Tensor.ones([2]), Tensor.ones([3]))
            weights.stepSGD(along: .ones([2]), velocity: &velocity, rate: 1, momentum: 0, decay: 0, nesterov: false)
        }
        #expect(text(step).contains("stepSGD: weights [2], gradient [2], velocity [3]"))
        let index = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var random = Philox(seed: 1)
            _ = random.index(below: 0)
        }
        #expect(text(index).contains("Philox.index: bound 0"))
        let threads = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Parallel.withThreads(0) {}
        }
        #expect(text(threads).contains("Parallel.withThreads: 0 given, 1 or more expected"))
    }

    @Test("Geometries whose sizes no Int holds, or that have no pixel")
    func geometries() async {
        let padding = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DGeometry(input: (4, 4, 1), kernel: (3, 3), outputChannels: 1, padding: (.max, 0))
        }
        #expect(text(padding).contains("Conv2DGeometry: input (height: 4, width: 4, channels: 1) with padding"))
        let dilation = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DGeometry(input: (4, 4, 1), kernel: (3, 3), outputChannels: 1, dilation: (1, .max))
        }
        #expect(text(dilation).contains("has more than 2⁶³ elements"))
        // Two output pixels, but 2⁴¹ + 1 rows and columns of padded input between them.
        let padded = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let far = (1 << 41, 1 << 41)
            _ = Conv2DGeometry(input: (1, 1, 1), kernel: (1, 1), outputChannels: 1, stride: far, padding: far)
        }
        #expect(text(padded).contains("has more than 2⁶³ elements"))
        let work = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DGeometry(input: (1 << 20, 1 << 20, 1 << 10), kernel: (1, 1), outputChannels: 1 << 20)
        }
        #expect(text(work).contains("more than 2⁶³ multiply-adds"))
        let window = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Pool2DGeometry(input: (4, 4, 1), window: (1 << 40, 1 << 40), padding: (1 << 39, 1 << 39))
        }
        #expect(text(window).contains("Pool2DGeometry: input (height: 4, width: 4, channels: 1) with padding"))
        let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DGeometry(input: (0, 4, 1), kernel: (1, 1), outputChannels: 1)
        }
        #expect(text(empty).contains("to 1 channels, positive sizes expected"))
        let pool = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Pool2DGeometry(input: (4, 0, 1), window: (1, 1))
        }
        #expect(text(pool).contains("positive sizes expected"))
        let tap = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DGeometry(input: (4, 4, 1), kernel: (0, 3), outputChannels: 1)
        }
        #expect(text(tap).contains("1×1 or larger expected"))
        let memory = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.zeros([1 << 61])
        }
        #expect(text(memory).contains("Tensor: no memory holds 2305843009213693952 elements"))
        let pixels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = globalAverage(.ones([2, 0, 3, 4]))
        }
        #expect(text(pixels).contains("globalAverage: input has shape [2, 0, 3, 4], no pixels"))
    }

    @Test("Scalars where rows are expected, integer layers, ranges, pieces of work")
    func arguments() async {
        let gradient = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = softmaxGradient(Tensor(1), output: Tensor(1))
        }
        #expect(text(gradient).contains("softmaxGradient: output has no axes"))
        let bytes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let geometry = Conv2DGeometry(input: (1, 1, 1), kernel: (1, 1), outputChannels: 1)
            let layer = IntegerConvolution(geometry, weights: [1], bias: [0], multipliers: [1], inputZeroPoint: 0)
            _ = layer(ByteTensor([1], shape: []), to: AffineQuantization(scale: 1, zeroPoint: 0))
        }
        #expect(text(bytes).contains("IntegerConvolution: input has shape [], 4 axes [N, H, W, C] expected"))
        let range = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = AffineQuantization(covering: 0 ... .infinity)
        }
        #expect(text(range).contains("AffineQuantization: range 0.0...inf, finite bounds expected"))
        let share = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Histogram().range(cutting: -0.1)
        }
        #expect(text(share).contains("Histogram.range: share -0.1, 0 ..< 0.5 expected"))
        let pieces = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Parallel.forEach(-1) { _ in }
        }
        #expect(text(pieces).contains("Parallel.forEach: -1 pieces, 0 or more expected"))
    }
}
