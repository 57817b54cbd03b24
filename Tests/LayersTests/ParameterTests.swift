import Autograd
import Layers
import TensorCore
import Testing

@Suite struct ParameterTests {
    static let modules: [any Module] = {
        var random = Philox(seed: 1)
        return [
            Conv2D(2, 4, kernel: 3, using: &random), Conv2D(2, 4, kernel: 3, bias: false, using: &random),
            Dense(3, 2, using: &random), BatchNorm(3), LayerNorm(3), RMSNorm(3), GroupNorm(6, groups: 2), PReLU(3),
            MultiHeadAttention(4, heads: 2, using: &random), SqueezeExcite(4, squeezed: 2, using: &random),
            Dropout(0.5), ConvolutionBlock(1, 2, using: &random),
            ResidualBlock(2, 2, stride: 1, using: &random), ResidualBlock(2, 4, stride: 2, using: &random),
            ConvNet(width: 2, channels: 1, classes: 3, seed: 1), ResNet(depth: 8, channels: 3, classes: 10, seed: 1),
            ResNet(depth: 20, channels: 3, classes: 10, seed: 1),
            MLP(inputs: 4, hidden: [3, 2], classes: 2, seed: 1), MLP(inputs: 4, hidden: [], classes: 2, seed: 1),
        ]
    }()

    /// Every parameter in the stored properties, however deep, in arrays and optionals too.
    private func stored(in value: Any) -> [Parameter] {
        if let parameter = value as? Parameter { return [parameter] }
        return Mirror(reflecting: value).children.flatMap { stored(in: $0.value) }
    }

    @Test("Visiting forgets no parameter and visits none twice", arguments: modules.indices)
    func visiting(index: Int) {
        func check(_ module: some Module) {
            var marked = module
            var paths: [String] = []
            marked.forEachParameter { path, parameter in
                parameter.value = Tensor(Float(paths.count))
                paths.append(path)
            }
            #expect(Set(paths).count == paths.count, "\(type(of: module)): \(paths)")
            let marks = stored(in: marked).map(\.value)
            #expect(marks.allSatisfy { $0.shape == [] }, "\(type(of: module)) forgets a parameter")
            #expect(marks.filter { $0.shape == [] }.map(\.scalar).sorted() == paths.indices.map { Float($0) })
        }
        check(Self.modules[index])
    }

    @Test("Paths are the keys of a model file and stay as they are")
    func paths() {
        let paths = ConvNet(width: 2, channels: 1, classes: 3, seed: 1).parameters.map(\.path)
        #expect(
            Array(paths.prefix(6)) == [
                "stage1.0.convolution.weight", "stage1.0.normalization.scale", "stage1.0.normalization.shift",
                "stage1.0.normalization.runningMean", "stage1.0.normalization.runningVariance",
                "stage1.1.convolution.weight",
            ])
        #expect(Array(paths.suffix(2)) == ["classifier.weight", "classifier.bias"])
        let residual = ResNet(depth: 8, channels: 3, classes: 10, seed: 1).parameters.map(\.path)
        #expect(residual.contains("stage2.0.shortcut.convolution.weight"))
        #expect(!residual.contains { $0.hasPrefix("stage1.0.shortcut") })
    }

    // By hand: a 3×3 block from a to b channels has 9ab + 2b; He et al. (arXiv 1512.03385, table 6) give 0.27 M for
    // depth 20 and 0.85 M for 56, there without projections.
    @Test("Parameter counts")
    func counts() {
        func block(_ a: Int, _ b: Int) -> Int { 9 * a * b + 2 * b }
        for width in [4, 16, 32] {
            let expected =
                block(1, width) + block(width, width) + block(width, 2 * width) + block(2 * width, 2 * width)
                + 2 * width * 10 + 10
            #expect(ConvNet(width: width, channels: 1, classes: 10, seed: 1).parameterCount == expected)
        }
        #expect(ConvNet(width: 16, channels: 1, classes: 10, seed: 1).parameterCount == 16_794)
        #expect(ConvNet(width: 32, channels: 1, classes: 10, seed: 1).parameterCount == 65_834)
        for (depth, n) in [(8, 1), (20, 3), (32, 5), (56, 9)] {
            let stages = [(16, 16), (16, 32), (32, 64)].map { inputs, outputs in
                block(inputs, outputs) + (2 * n - 1) * block(outputs, outputs)
                    + (inputs == outputs ? 0 : inputs * outputs + 2 * outputs)
            }
            let expected = block(3, 16) + stages.reduce(0, +) + 64 * 10 + 10
            #expect(ResNet(depth: depth, channels: 3, classes: 10, seed: 1).parameterCount == expected)
        }
        #expect(MLP(inputs: 784, hidden: [128, 64], classes: 10, seed: 1).parameterCount == 109_386)
    }

    @Test("Roles: factors decay, biases and normalisations are learnt without, statistics are not learnt")
    func roles() {
        for (path, parameter) in ResNet(depth: 8, channels: 3, classes: 10, seed: 1).parameters {
            let expected: Parameter.Role =
                path.hasSuffix("weight") ? .weight : path.contains("running") ? .statistic : .bias
            #expect(parameter.role == expected, "\(path)")
        }
    }

    @Test("The same seed gives the same network, another seed another")
    func seeds() {
        let networks = [7, 7, 8].map { ConvNet(width: 4, channels: 1, classes: 10, seed: $0).tensors }
        #expect(networks[0] == networks[1] && networks[0] != networks[2])
        // He: variance 2 / fan-in. 4,608 numbers of the last convolution: 5 deviations of the variance are 10 %.
        let weight = ConvNet(width: 16, channels: 1, classes: 10, seed: 1).stage2[1].convolution.weight.value
        let variance = (weight * weight).mean() * Float(9 * 32) / 2
        #expect(abs(variance - 1) < 0.1)
    }
}
