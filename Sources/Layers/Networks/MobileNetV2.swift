import Autograd
import TensorCore

/// From few channels to many, a depthwise 3×3 convolution, back to few without an activation, and the input added where
/// the shape stays (Sandler et al., arXiv 1801.04381).
public struct MobileNetV2Block: Module {
    /// To many channels; nil where their number is that of the input.
    public var expansion: ConvNormActivation?
    /// One filter a channel.
    public var depthwise: ConvNormActivation
    /// Back to few channels.
    public var projection: Conv2D
    /// The normalisation of its output.
    public var normalization: BatchNorm
    /// Whether the input is added.
    public let addsInput: Bool

    /// Creates a block.
    ///
    /// - Parameter factor: from the input's channels to the many.
    init(_ inputChannels: Int, _ outputChannels: Int, factor: Int, stride: Int, using random: inout Philox) {
        let many = factor * inputChannels
        if factor > 1 {
            expansion = ConvNormActivation(
                inputChannels, many, kernel: 1, activation: ClampOperation.relu6, using: &random)
        }
        depthwise = ConvNormActivation(
            many, many, stride: stride, groups: many, activation: ClampOperation.relu6, using: &random)
        projection = Conv2D(many, outputChannels, kernel: 1, bias: false, using: &random)
        normalization = BatchNorm(outputChannels)
        addsInput = stride == 1 && inputChannels == outputChannels
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        projection(
            depthwise(expansion?(input) ?? input), normalizedBy: normalization, residual: addsInput ? input : nil
        ).outputOfModule(with: projection.weight.slot, below: 3)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        let first = expansion == nil ? 0 : 1
        visitor("conv.0", &expansion)
        visitor("conv.\(first)", &depthwise)
        visitor("conv.\(first + 1)", &projection)
        visitor("conv.\(first + 2)", &normalization)
    }
}

/// MobileNetV2 (Sandler et al., arXiv 1801.04381), with torchvision's names.
///
/// Input [N, H, W, channels], output logits [N, classes]; the last map has a thirty-second of the resolution. Feature
/// maps by the paths of its blocks, `features.0` to `features.18`.
public struct MobileNetV2: Module {
    /// From the image to 32 channels at factor 1.
    public var stem: ConvNormActivation
    /// Seventeen blocks.
    public var blocks: [MobileNetV2Block]
    /// To the 1,280 channels that are averaged.
    public var last: ConvNormActivation
    /// Before the classifier.
    public var dropout = Dropout(0.2)
    /// From channels to classes.
    public var classifier: Dense

    /// Expansion, channels, blocks and stride of the first of them: table 2 of the paper.
    private static let stages = [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]

    /// Creates a network; the same seed gives the same weights.
    ///
    /// - Parameter width: factor on the channels of every layer, above 0; the last one has 1,280 channels at least.
    public init(width: Double = 1, channels: Int, classes: Int, seed: UInt64) {
        require(
            width > 0 && channels > 0 && classes > 0,
            "MobileNetV2: width \(width), \(channels) channels, \(classes) classes, more than 0 expected")
        var random = Initialization.stream(seed: seed)
        var inputs = MobileWidth.scaled(32, by: width)
        stem = ConvNormActivation(channels, inputs, stride: 2, activation: ClampOperation.relu6, using: &random)
        blocks = []
        for (factor, outputs, count, stride) in Self.stages {
            let outputs = MobileWidth.scaled(outputs, by: width)
            blocks += stage(of: count, from: &inputs, to: outputs, stride: stride) {
                MobileNetV2Block($0, outputs, factor: factor, stride: $1, using: &random)
            }
        }
        let outputs = MobileWidth.scaled(1280, by: max(1, width))
        last = ConvNormActivation(inputs, outputs, kernel: 1, activation: ClampOperation.relu6, using: &random)
        classifier = Dense(outputs, classes, deviation: 0.01, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        classifier(dropout(last(blocks.reduce(stem(input)) { $1($0) }).globalAveragePooled()))
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("features.0", &stem)
        for index in blocks.indices { visitor("features.\(index + 1)", &blocks[index]) }
        visitor("features.\(blocks.count + 1)", &last)
        visitor("classifier.1", &classifier)
    }
}

extension MobileNetV2 {
    /// By name: "mobilenetv2", and "mobilenetv2-0.5" with half of the channels.
    public static let family = NetworkFamily(
        "mobilenetv2[-WIDTH]", learningRate: 0.1, acceptsWidth: { (0.1...2).contains($0) }
    ) { width, input, classes, seed in
        MobileNetV2(width: width, channels: input[2], classes: classes, seed: seed)
    }
}
