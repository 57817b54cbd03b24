import Autograd
import TensorCore

/// The block of EfficientNet-Lite: as that of MobileNetV2 (Sandler et al., arXiv 1801.04381), with 3×3 or 5×5 filters
/// and timm's names.
public struct EfficientNetLiteBlock: Module {
    /// To many channels; nil where their number is that of the input.
    public var expansion: Conv2D?
    /// One filter a channel.
    public var depthwise: Conv2D
    /// Back to few channels.
    public var projection: Conv2D
    /// The normalisations of their outputs.
    public var expansionNorm: BatchNorm?, depthwiseNorm, projectionNorm: BatchNorm
    /// Whether the input is added.
    public let addsInput: Bool

    /// Creates a block.
    ///
    /// - Parameter factor: from the input's channels to the many.
    init(
        _ inputChannels: Int, _ outputChannels: Int, factor: Int, kernel: Int, stride: Int, using random: inout Philox
    ) {
        let many = factor * inputChannels
        if factor > 1 {
            expansion = Conv2D(inputChannels, many, kernel: 1, bias: false, using: &random)
            expansionNorm = BatchNorm(many)
        }
        depthwise = Conv2D(many, many, kernel: kernel, stride: stride, groups: many, bias: false, using: &random)
        depthwiseNorm = BatchNorm(many)
        projection = Conv2D(many, outputChannels, kernel: 1, bias: false, using: &random)
        projectionNorm = BatchNorm(outputChannels)
        addsInput = stride == 1 && inputChannels == outputChannels
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        var map = input
        if let expansion, let expansionNorm {
            map = expansion(map, normalizedBy: expansionNorm, then: ClampOperation.relu6)
        }
        map = depthwise(map, normalizedBy: depthwiseNorm, then: ClampOperation.relu6)
        return projection(map, normalizedBy: projectionNorm, residual: addsInput ? input : nil)
            .outputOfModule(with: projection.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        let isExpanded = expansion != nil
        visitor("conv_pw", &expansion)
        visitor("bn1", &expansionNorm)
        visitor("conv_dw", &depthwise)
        visitor(isExpanded ? "bn2" : "bn1", &depthwiseNorm)
        visitor(isExpanded ? "conv_pwl" : "conv_pw", &projection)
        visitor(isExpanded ? "bn3" : "bn2", &projectionNorm)
    }
}

/// EfficientNet-Lite0: EfficientNet-B0 (Tan and Le, arXiv 1905.11946) with ReLU6 and without squeeze-and-excitation, so
/// that it quantises well. Names are those of timm's `efficientnet_lite0`, which pads both sides alike.
///
/// Input [N, H, W, channels], output logits [N, classes]; the last map has a thirty-second of the resolution. Feature
/// maps by the paths of its blocks, `blocks.0.0` to `blocks.6.0`.
public struct EfficientNetLite: Module {
    /// From the image to 32 channels.
    public var stem: Conv2D
    /// The normalisation of its output.
    public var stemNorm: BatchNorm
    /// Seven stages of blocks.
    public var stages: [[EfficientNetLiteBlock]]
    /// To the 1,280 channels that are averaged.
    public var head: Conv2D
    /// The normalisation of its output.
    public var headNorm: BatchNorm
    /// Before the classifier.
    public var dropout = Dropout(0.2)
    /// From channels to classes.
    public var classifier: Dense

    /// Expansion, kernel, channels, blocks and stride of the first of them: table 1 of the paper.
    private static let stages = [
        (1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2), (6, 5, 112, 3, 1), (6, 5, 192, 4, 2),
        (6, 3, 320, 1, 1),
    ]

    /// Creates a network; the same seed gives the same weights.
    public init(channels: Int, classes: Int, seed: UInt64) {
        require(
            channels > 0 && classes > 0,
            "EfficientNetLite: \(channels) channels, \(classes) classes, 1 or more expected")
        var random = Initialization.stream(seed: seed)
        stem = Conv2D(channels, 32, kernel: 3, stride: 2, bias: false, using: &random)
        stemNorm = BatchNorm(32)
        var inputs = 32
        stages = Self.stages.map { factor, kernel, outputs, count, stride in
            stage(of: count, from: &inputs, to: outputs, stride: stride) {
                EfficientNetLiteBlock($0, outputs, factor: factor, kernel: kernel, stride: $1, using: &random)
            }
        }
        head = Conv2D(inputs, 1280, kernel: 1, bias: false, using: &random)
        headNorm = BatchNorm(1280)
        classifier = Dense(1280, classes, deviation: 0.01, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let relu6 = ClampOperation.relu6
        let maps = stages.joined().reduce(stem(input, normalizedBy: stemNorm, then: relu6)) { $1($0) }
        return classifier(dropout(head(maps, normalizedBy: headNorm, then: relu6).globalAveragePooled()))
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("conv_stem", &stem)
        visitor("bn1", &stemNorm)
        for index in stages.indices { visitor("blocks.\(index)", &stages[index]) }
        visitor("conv_head", &head)
        visitor("bn2", &headNorm)
        visitor("classifier", &classifier)
    }
}

extension EfficientNetLite {
    /// By name: "efficientnet-lite0".
    public static let family = NetworkFamily("efficientnet-lite0", learningRate: 0.1, accepts: \.isEmpty) {
        _, input, classes, seed in
        EfficientNetLite(channels: input[2], classes: classes, seed: seed)
    }
}
