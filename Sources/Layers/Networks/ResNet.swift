import Autograd
import TensorCore

/// Two 3×3 blocks with a way around them (He et al., arXiv 1512.03385).
public struct ResidualBlock: Module {
    /// Convolution, normalisation and ReLU.
    public var first: ConvolutionBlock
    /// Convolution and normalisation; the sum with the shortcut is cut by a ReLU.
    public var second: ConvolutionBlock
    /// A 1×1 projection where the shape changes; otherwise the input itself is the shortcut.
    public var shortcut: ConvolutionBlock?

    /// Creates a block.
    ///
    /// - Parameter inner: channels between its convolutions; nil for those of its result.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, inner: Int? = nil, stride: Int, using random: inout Philox
    ) {
        first = ConvolutionBlock(inputChannels, inner ?? outputChannels, stride: stride, using: &random)
        second = ConvolutionBlock(inner ?? outputChannels, outputChannels, using: &random)
        shortcut =
            stride == 1 && inputChannels == outputChannels
            ? nil : ConvolutionBlock(inputChannels, outputChannels, kernel: 1, stride: stride, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        second(first(input), residual: shortcut?(input, relu: false) ?? input, relu: true)
            .outputOfModule(with: first.convolution.weight.slot, below: 3)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("first", &first)
        visitor("second", &second)
        visitor("shortcut", &shortcut)
    }
}

/// The residual network for 32×32 images of He et al. (arXiv 1512.03385, section 4.2): depth 6n + 2, three stages of n
/// blocks with 16, 32 and 64 channels, the second and third at half the resolution; projections where shapes change.
///
/// Input [N, H, W, channels], output logits [N, classes]. Feature maps `stage1`, `stage2`, `stage3`.
public struct ResNet: Module {
    /// From the image to 16 channels.
    public var stem: ConvolutionBlock
    /// 16 channels.
    public var stage1: [ResidualBlock]
    /// 32 channels, half the resolution.
    public var stage2: [ResidualBlock]
    /// 64 channels, a quarter of the resolution.
    public var stage3: [ResidualBlock]
    /// From channels to classes.
    public var classifier: Dense

    /// Creates a network; the same seed gives the same weights.
    ///
    /// - Parameters:
    ///   - depth: 6n + 2: 8, 20, 32, 56 …
    ///   - widths: channels of the three stages and then of the first convolution of each block, 3 + 3n in all; nil for
    ///     16, 32 and 64.
    public init(depth: Int, widths: [Int]? = nil, channels: Int, classes: Int, seed: UInt64) {
        require(depth >= 8 && (depth - 2) % 6 == 0, "ResNet: depth \(depth), 6n + 2 expected (8, 20, 32, 56)")
        require(channels > 0 && classes > 0, "ResNet: \(channels) channels, \(classes) classes, 1 or more expected")
        let blocks = (depth - 2) / 6
        let widths = widths ?? Self.channels(depth: depth)
        require(
            widths.count == 3 + 3 * blocks && widths.allSatisfy { $0 > 0 },
            "ResNet: widths \(widths), \(3 + 3 * blocks) of 1 or more expected")
        var random = Initialization.stream(seed: seed)
        func stage(_ number: Int, from inputs: Int, stride: Int) -> [ResidualBlock] {
            (0..<blocks).map { index in
                ResidualBlock(
                    index == 0 ? inputs : widths[number], widths[number], inner: widths[3 + number * blocks + index],
                    stride: index == 0 ? stride : 1, using: &random)
            }
        }
        stem = ConvolutionBlock(channels, widths[0], using: &random)
        stage1 = stage(0, from: widths[0], stride: 1)
        stage2 = stage(1, from: widths[0], stride: 2)
        stage3 = stage(2, from: widths[1], stride: 2)
        classifier = Dense(widths[2], classes, using: &random)
    }

    /// Channels of the three stages, then of the first convolution of each block.
    public var widths: [Int] {
        [stem.outputChannels] + [stage2, stage3].map { $0[0].second.outputChannels }
            + (stage1 + stage2 + stage3).map(\.first.outputChannels)
    }

    /// Those of He et al.
    package static func channels(depth: Int) -> [Int] {
        let blocks = max(0, (depth - 2) / 6)
        let stages = [16, 32, 64]
        return stages + stages.flatMap { [Int](repeating: $0, count: blocks) }
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let first = stage1.reduce(stem(input)) { $1($0) }.named("stage1")
        let second = stage2.reduce(first) { $1($0) }.named("stage2")
        let third = stage3.reduce(second) { $1($0) }.named("stage3")
        return classifier(third.globalAveragePooled())
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("stem", &stem)
        visitor("stage1", &stage1)
        visitor("stage2", &stage2)
        visitor("stage3", &stage3)
        visitor("classifier", &classifier)
    }
}

extension ResNet {
    /// By name: "resnet-20".
    public static let family = NetworkFamily(
        "resnet-DEPTH (8, 20, 32, 56: 6n + 2)",
        accepts: { $0.count == 1 && $0[0] >= 8 && $0[0] <= 1202 && ($0[0] - 2) % 6 == 0 }
    ) { sizes, input, classes, seed in
        return ResNet(depth: sizes[0], channels: input[2], classes: classes, seed: seed)
    }
}
