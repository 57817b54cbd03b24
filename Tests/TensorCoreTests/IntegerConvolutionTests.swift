import TestSupport
import Testing

@testable import TensorCore

/// A uint8 convolution with everything that it needs, drawn at random, and its result by the definition.
struct IntegerCase: CustomStringConvertible, Sendable {
    let geometry: Conv2DGeometry
    let batch: Int
    var x: [UInt8]
    var weights: [Int8]
    let bias: [Int32]
    var multipliers: [Float]
    let input: AffineQuantization
    let output: AffineQuantization
    let residual: [UInt8]
    let residualQuantization: AffineQuantization
    let hasResidual, relu: Bool

    var description: String { "\(geometry) residual \(hasResidual) relu \(relu)" }

    init(seed: UInt64) {
        var random = Philox(seed: seed)
        self.init(Self.anyGeometry(&random), &random)
    }

    /// 3×3, stride 1, channels in eights: what Winograd's integer kernels take. Images smaller than a patch among them.
    init(winogradSeed seed: UInt64) {
        var random = Philox(seed: seed)
        func pick(_ values: [Int]) -> Int { values[random.index(below: values.count)] }
        let padding = (pick([0, 1, 1, 2]), pick([0, 1, 1, 2]))
        let size = (
            3 - min(2, 2 * padding.0) + random.index(below: 9), 3 - min(2, 2 * padding.1) + random.index(below: 9)
        )
        let more = (pick([0, 0, 1, 3]), pick([0, 0, 1, 3]))
        let geometry = Conv2DGeometry(
            input: (size.0, size.1, pick([8, 16, 24, 32, 48, 200])), kernel: (3, 3),
            outputChannels: pick([8, 16, 24, 32, 40]),
            padding: Padding2D(
                top: padding.0, left: padding.1, bottom: padding.0 + more.0, right: padding.1 + more.1))
        self.init(geometry, &random)
    }

    private static func anyGeometry(_ random: inout Philox) -> Conv2DGeometry {
        func pick(_ values: [Int]) -> Int { values[random.index(below: values.count)] }
        let groups = pick([1, 1, 1, 2, 3])
        let isDepthwise = random.index(below: 6) == 0
        // Runs that are no multiple of 4, outputs around one and two blocks of 16.
        let inputs = isDepthwise ? pick([1, 3, 8, 16, 17, 40]) : groups * pick([1, 2, 3, 4, 5, 8, 17])
        let outputs = isDepthwise ? inputs * pick([1, 2]) : groups * pick([1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 50])
        let kernel = (pick([1, 2, 3, 3, 5, 7]), pick([1, 2, 3, 3, 5, 7]))
        let before = (random.index(below: kernel.0), random.index(below: kernel.1))
        let after = random.index(below: 2) == 0 ? before : (pick([0, 1, 2]), pick([0, 1, 2]))
        let padding = Padding2D(top: before.0, left: before.1, bottom: after.0, right: after.1)
        let dilation = (pick([1, 1, 2]), pick([1, 1, 2]))
        let least = (
            (kernel.0 - 1) * dilation.0 + 1 - before.0 - after.0, (kernel.1 - 1) * dilation.1 + 1 - before.1 - after.1
        )
        return Conv2DGeometry(
            input: (max(least.0, 1) + random.index(below: 4), max(least.1, 1) + random.index(below: 9), inputs),
            kernel: kernel, outputChannels: outputs, stride: (pick([1, 1, 2, 3]), pick([1, 1, 2, 3])), padding: padding,
            dilation: dilation, groups: isDepthwise ? inputs : groups)
    }

    fileprivate init(_ geometry: Conv2DGeometry, _ random: inout Philox) {
        self.geometry = geometry
        let outputs = geometry.outputChannels
        batch = 1 + random.index(below: 2)
        x = (0..<geometry.inputShape(batch: batch).elementCount).map { _ in UInt8(random.index(below: 256)) }
        weights = (0..<geometry.weightShape.elementCount).map { _ in Int8(random.index(below: 255) - 127) }
        bias = (0..<outputs).map { _ in Int32(random.index(below: 20_001) - 10_000) }
        // Powers of two among them, so that halves occur and must go to even.
        let spread = Float(geometry.patchLength).squareRoot() * 60
        multipliers = (0..<outputs).map { $0 % 3 == 0 ? 0x1p-9 : random.uniform(in: 0...2) / spread }
        input = AffineQuantization(scale: 0.02, zeroPoint: UInt8(random.index(below: 256)))
        output = AffineQuantization(scale: 0.5, zeroPoint: UInt8(random.index(below: 256)))
        residual = (0..<geometry.outputShape(batch: batch).elementCount).map { _ in UInt8(random.index(below: 256)) }
        residualQuantization = AffineQuantization(scale: 0.25, zeroPoint: UInt8(random.index(below: 256)))
        hasResidual = random.index(below: 2) == 0
        relu = random.index(below: 2) == 0
    }

    func convolution(_ level: SIMDLevel) -> IntegerConvolution {
        IntegerConvolution(
            geometry, weights: weights, bias: bias, multipliers: multipliers, inputZeroPoint: input.zeroPoint,
            level: level)
    }

    var input4D: ByteTensor { ByteTensor(x, shape: geometry.inputShape(batch: batch)) }

    /// bias + Σ (x − zero) · w in Int, over the list of products of the definition.
    var sums: [Int] {
        let g = geometry
        let naive = NaiveConvolution(
            input: (batch, g.inputHeight, g.inputWidth, g.inputChannels), kernel: (g.kernelHeight, g.kernelWidth),
            output: g.outputChannels, stride: (g.strideHeight, g.strideWidth),
            padding: (g.padding.top, g.padding.left), paddingAfter: (g.padding.bottom, g.padding.right),
            dilation: (g.dilationHeight, g.dilationWidth), groups: g.groups)
        var sums = (0..<residual.count).map { Int(bias[$0 % g.outputChannels]) }
        for product in naive.products {
            sums[product.y] += (Int(x[product.x]) - Int(input.zeroPoint)) * Int(weights[product.w])
        }
        return sums
    }

    /// The sums in steps of the output, rounded half to even and saturated.
    var bytes: [UInt8] {
        sums.enumerated().map { index, sum in
            var value = Float(sum) * multipliers[index % geometry.outputChannels]
            if hasResidual {
                let other = Float(Int(residual[index]) - Int(residualQuantization.zeroPoint))
                let term: Float = other * (residualQuantization.scale / output.scale)
                value = value + term
            }
            if relu { value = max(value, 0) }
            let rounded = value.rounded(.toNearestOrEven) + Float(output.zeroPoint)
            return UInt8(min(max(rounded, 0), 255))
        }
    }

    func bytes(at level: SIMDLevel) -> [UInt8] {
        let other = ByteTensor(residual, shape: geometry.outputShape(batch: batch))
        return convolution(level)(
            input4D, to: output, residual: hasResidual ? .init(other, residualQuantization) : nil, relu: relu
        ).bytes
    }

    /// The same by Winograd's kernels, whether or not they take less time.
    func winogradBytes(at level: SIMDLevel) throws -> [UInt8] {
        let channels = geometry.outputChannels
        var corrected = bias
        for (index, weight) in weights.enumerated() {
            corrected[index % channels] -= Int32(input.zeroPoint) * Int32(weight)
        }
        let winograd = try #require(
            IntegerWinograd(
                geometry, weights: weights, bias: corrected, multipliers: multipliers, zeroPoint: input.zeroPoint,
                level: level))
        let other = ByteTensor(residual, shape: geometry.outputShape(batch: batch))
        let epilogue = IntegerEpilogue(
            output: output, residual: hasResidual ? .init(other, residualQuantization) : nil, relu: relu)
        let result = ByteTensor(uninitialized: geometry.outputShape(batch: batch))
        winograd.forward(input4D, epilogue, to: result)
        return result.bytes
    }
}

@Suite struct IntegerConvolutionTests {
    @Test("Every level equals the definition in Int, for awkward sizes, strides, padding, dilation and groups")
    func equalsDefinition() {
        for seed in 0..<60 {
            let testCase = IntegerCase(seed: UInt64(seed))
            let expected = testCase.bytes
            let floats = zip(testCase.sums, testCase.sums.indices).map {
                Float($0) * testCase.multipliers[$1 % testCase.geometry.outputChannels]
            }
            for level in SIMDLevel.available {
                #expect(testCase.bytes(at: level) == expected, "\(level): \(testCase)")
                let output = testCase.convolution(level).floats(testCase.input4D)
                #expect(output.scalars == floats, "\(level), numbers: \(testCase)")
            }
        }
    }

    @Test("Winograd's patches give the sums of the definition, whole and cut at every side, on one thread and two")
    func winograd() throws {
        for seed in 0..<40 {
            let testCase = IntegerCase(winogradSeed: UInt64(seed))
            let expected = testCase.bytes
            for level in SIMDLevel.available where level >= .avx2 {
                for threads in [1, 2] {
                    let bytes = try Parallel.withThreads(threads) { try testCase.winogradBytes(at: level) }
                    #expect(bytes == expected, "\(level), \(threads) threads: \(testCase)")
                }
            }
        }
    }

    @Test(
        "Winograd's way is taken for large outputs, not for those of a pixel or two, or few of them with many weights")
    func choice() {
        func isFaster(_ side: Int, _ channels: Int, batch: Int, at level: SIMDLevel) -> Bool {
            let geometry = Conv2DGeometry(
                input: (side, side, channels), kernel: (3, 3), outputChannels: channels, padding: (1, 1))
            return IntegerWinograd.isFaster(geometry, batch: batch, at: level)
        }
        for level in SIMDLevel.available where level >= .avx2 {
            #expect(isFaster(16, 32, batch: 1, at: level), "\(level)")
            #expect(isFaster(8, 64, batch: 1, at: level), "\(level)")
            #expect(isFaster(32, 16, batch: 8, at: level) == (level != .avx512vnni), "\(level)")
            #expect(!isFaster(1, 64, batch: 64, at: level), "\(level)")
            #expect(!isFaster(2, 64, batch: 64, at: level), "\(level)")
            #expect(!isFaster(3, 256, batch: 1, at: level), "\(level)")
        }
    }

    // Sums below 2²⁵ are exact modulo 2²⁶: 9 · 112 · 255 · 127 is the last below, 9 · 128 · 255 · 127 beyond; a bias
    // fills up the first to the last that is, and to the first that is not.
    @Test(
        "Winograd's largest sums are exact, and larger ones are not its own",
        arguments: [
            (112, 3), (112, 1 << 25 - 1 - 9 * 112 * 255 * 127), (112, 1 << 25 - 9 * 112 * 255 * 127), (128, 3),
        ],
        [Int8(127), -127])
    func winogradExtremes(size: (channels: Int, bias: Int), weight: Int8) {
        let geometry = Conv2DGeometry(input: (7, 6, size.channels), kernel: (3, 3), outputChannels: 32, padding: (1, 1))
        var random = Philox(seed: 5)
        // A quarter of the images' bytes and of the weights are extreme and of the other sign.
        let x = (0..<geometry.inputShape(batch: 1).elementCount).map { _ in UInt8(random.index(below: 4) == 0 ? 0 : 255)
        }
        let weights = (0..<geometry.weightShape.elementCount).map {
            $0 % 32 < 16 ? weight : random.index(below: 4) == 0 ? -weight : weight
        }
        let output = AffineQuantization(scale: 1, zeroPoint: 128)
        func bytes(_ input: ByteTensor, _ level: SIMDLevel) -> [UInt8] {
            let bias = Int32(weight < 0 ? size.bias : -size.bias)
            return IntegerConvolution(
                geometry, weights: weights, bias: [Int32](repeating: bias, count: 32),
                multipliers: (0..<32).map { Float($0 % 7 + 1) * 0x1p-19 }, inputZeroPoint: 255, level: level)(
                    input, to: output
                ).bytes
        }
        for all in [x, [UInt8](repeating: 255, count: x.count), [UInt8](repeating: 0, count: x.count)] {
            let input = ByteTensor(all, shape: geometry.inputShape(batch: 1))
            let expected = bytes(input, .scalar)
            for level in SIMDLevel.available { #expect(bytes(input, level) == expected, "\(level)") }
        }
    }

    @Test(
        "Sums of 255 · 127 are exact (16-bit sums of maddubs saturate at 32,767, two of these are 64,770)",
        arguments: [Int8(127), -127])
    func extremes(weight: Int8) {
        let geometry = Conv2DGeometry(
            input: (3, 5, 37), kernel: (3, 3), outputChannels: 19, stride: (1, 1), padding: (0, 0))
        let x = ByteTensor([UInt8](repeating: 255, count: 3 * 5 * 37), shape: geometry.inputShape(batch: 1))
        let sum = Float(9 * 37 * 255 * Int(weight) + 1)
        for level in SIMDLevel.available {
            let convolution = IntegerConvolution(
                geometry, weights: [Int8](repeating: weight, count: geometry.weightShape.elementCount),
                bias: [Int32](repeating: 1, count: 19), multipliers: [Float](repeating: 1, count: 19),
                inputZeroPoint: 0, level: level)
            #expect(convolution.floats(x).scalars == [Float](repeating: sum, count: 3 * 19), "\(level)")
            // Far outside a byte: saturated, not wrapped.
            let bytes = convolution(x, to: AffineQuantization(scale: 1, zeroPoint: 7)).bytes
            #expect(bytes == [UInt8](repeating: weight > 0 ? 255 : 0, count: 3 * 19), "\(level)")
        }
    }

    @Test("Halves go to even, below zero too")
    func halves() {
        // One input channel of weight 1 and multiplier 1/2: byte b − 100 gives (b − 100) / 2.
        let geometry = Conv2DGeometry(input: (1, 8, 1), kernel: (1, 1), outputChannels: 1)
        let x = ByteTensor([93, 95, 97, 99, 101, 103, 105, 107], shape: [1, 1, 8, 1])
        for level in SIMDLevel.available {
            let convolution = IntegerConvolution(
                geometry, weights: [1], bias: [0], multipliers: [0.5], inputZeroPoint: 100, level: level)
            let bytes = convolution(x, to: AffineQuantization(scale: 1, zeroPoint: 10)).bytes
            #expect(bytes == [6, 8, 8, 10, 10, 12, 12, 14], "\(level)")  // -3.5 -2.5 -1.5 -0.5 0.5 1.5 2.5 3.5
        }
    }

    @Test("One and two threads give the same bytes, and images do not depend on the batch")
    func threads() {
        let testCase = IntegerCase(seed: 1001)
        let one = Parallel.withThreads(1) { testCase.bytes(at: .active) }
        #expect(Parallel.withThreads(2) { testCase.bytes(at: .active) } == one)
    }

    @Test("A stride beyond all that memory holds, where there is one pixel, computes that pixel")
    func hugeStride() {
        let geometry = Conv2DGeometry(
            input: (1, 4, 3), kernel: (1, 1), outputChannels: 1, stride: (1 << 62, 1 << 62))
        let layer = IntegerConvolution(
            geometry, weights: [1, 2, 3], bias: [0], multipliers: [1], inputZeroPoint: 0)
        let x = ByteTensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], shape: [1, 1, 4, 3])
        #expect(layer(x, to: AffineQuantization(scale: 1, zeroPoint: 0)).bytes == [14])
    }

    @Test("A layer whose rows do not fit the cache together is computed in pieces of them")
    func pieces() {
        // A row is 516 · 96 numbers: of 16 bits one row of output at a time, of bytes two.
        var random = Philox(seed: 11)
        let geometry = Conv2DGeometry(
            input: (9, 512, 96), kernel: (3, 3), outputChannels: 5, stride: (2, 64), padding: (1, 2))
        let testCase = IntegerCase(geometry, &random)
        let expected = testCase.bytes
        for level in SIMDLevel.available { #expect(testCase.bytes(at: level) == expected, "\(level)") }
    }

    @Test("Weights whose sums could leave 32 bits are seen")
    func overflow() {
        let weights = [Int8](repeating: 127, count: 40_000)
        #expect(!IntegerConvolution.fitsSums(weights: weights, bias: [0]))
        #expect(IntegerConvolution.fitsSums(weights: weights, bias: [0, 0]))
        #expect(!IntegerConvolution.fitsSums(weights: [1], bias: [.max]))
        #expect(!IntegerConvolution.fitsSums(weights: [1], bias: [.min]))
    }
}
