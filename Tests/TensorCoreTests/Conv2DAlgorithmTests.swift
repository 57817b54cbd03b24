import TensorCore
import Testing

@Suite struct Conv2DAlgorithmTests {
    private static let plain = Conv2DGeometry(
        input: (9, 9, 16), kernel: (3, 3), outputChannels: 32, padding: (1, 1))
    private static let strided = Conv2DGeometry(
        input: (9, 9, 16), kernel: (3, 3), outputChannels: 32, stride: (2, 2), padding: (1, 1))
    private static let first = Conv2DGeometry(
        input: (9, 9, 3), kernel: (3, 3), outputChannels: 16, padding: (1, 1))
    private static let dilated = Conv2DGeometry(
        input: (9, 9, 16), kernel: (3, 3), outputChannels: 16, padding: (1, 1), dilation: (2, 2))
    private static let wide = Conv2DGeometry(
        input: (9, 9, 16), kernel: (3, 3), outputChannels: 16, padding: (3, 3))

    @Test("A pass that an algorithm says it leaves to another has the other's bits; one of Winograd's has its own")
    func fallingBack() {
        var random = Philox(seed: 19)
        for geometry in [Self.plain, Self.strided, Self.first, Self.dilated, Self.wide] {
            let x = Tensor(normal: geometry.inputShape(batch: 2), using: &random)
            let weights = Tensor(normal: geometry.weightShape, using: &random)
            let upstream = Tensor(normal: geometry.outputShape(batch: 2), using: &random)
            func result(_ pass: Conv2DPass, _ algorithm: Conv2DAlgorithm) -> Tensor {
                switch pass {
                case .forward: convolution2D(x, weights, geometry, algorithm: algorithm)
                case .gradientToInput: convolution2DGradientToInput(upstream, weights, geometry, algorithm: algorithm)
                case .gradientToWeights: convolution2DGradientToWeights(x, upstream, geometry, algorithm: algorithm)
                }
            }
            for pass in Conv2DPass.allCases {
                let (im2col, direct, winograd) = (result(pass, .im2col), result(pass, .direct), result(pass, .winograd))
                #expect(
                    winograd.isBitIdentical(to: direct) != Conv2DAlgorithm.winograd.computes(pass, of: geometry),
                    "\(pass), \(geometry)")
                #expect(
                    Conv2DAlgorithm.direct.computes(pass, of: geometry) || direct.isBitIdentical(to: im2col),
                    "\(pass), \(geometry)")
                #expect(Conv2DAlgorithm.im2col.computes(pass, of: geometry))
            }
        }
    }

    @Test("Direct tiles do strides, but no dilation, and no gradient to an input whose channels fill no vector")
    func direct() {
        func passes(_ geometry: Conv2DGeometry) -> [Bool] {
            Conv2DPass.allCases.map { Conv2DAlgorithm.direct.computes($0, of: geometry) }
        }
        let vectors = SIMDLevel.active != .scalar
        #expect(passes(Self.strided) == [true, true, true])
        #expect(passes(Self.dilated) == [false, false, false])
        #expect(passes(Self.first) == [true, !vectors, true])
    }
}
