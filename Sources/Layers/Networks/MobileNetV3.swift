import Autograd
import TensorCore

/// From few channels to many, a depthwise convolution, a gate for each channel where the table has one, back to few,
/// and the input added where the shape stays (Howard et al., arXiv 1905.02244).
public struct MobileNetV3Block: Module {
    /// To many channels; nil where their number is that of the input.
    public var expansion: ConvNormActivation?
    /// One filter a channel.
    public var depthwise: ConvNormActivation
    /// A factor for each channel.
    public var squeezeExcite: SqueezeExcite?
    /// Back to few channels.
    public var projection: ConvNormActivation
    /// Whether the input is added.
    public let addsInput: Bool

    init(
        _ inputChannels: Int, _ row: MobileNetV3.Row, _ normalization: (Int) -> BatchNorm, using random: inout Philox
    ) {
        let activation: any ElementwiseOperation = row.hasHardSwish ? HardSwishOperation() : ReLUOperation()
        let many = row.expanded
        if many != inputChannels {
            expansion = ConvNormActivation(
                inputChannels, many, kernel: 1, normalization: normalization(many), activation: activation,
                using: &random)
        }
        depthwise = ConvNormActivation(
            many, many, kernel: row.kernel, stride: row.stride, groups: many, normalization: normalization(many),
            activation: activation, using: &random)
        if row.hasGate {
            squeezeExcite = SqueezeExcite(
                many, squeezed: MobileWidth.scaled(many / 4, by: 1), gate: HardSigmoidOperation(), using: &random)
        }
        projection = ConvNormActivation(
            many, row.outputs, kernel: 1, normalization: normalization(row.outputs), activation: nil, using: &random)
        addsInput = row.stride == 1 && inputChannels == row.outputs
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let maps = depthwise(expansion?(input) ?? input)
        let output = projection(squeezeExcite?(maps) ?? maps)
        return (addsInput ? output + input : output)
            .outputOfModule(with: projection.convolution.weight.slot, below: 4)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        let first = expansion == nil ? 0 : 1
        let last = first + (squeezeExcite == nil ? 1 : 2)
        visitor("block.0", &expansion)
        visitor("block.\(first)", &depthwise)
        visitor("block.\(first + 1)", &squeezeExcite)
        visitor("block.\(last)", &projection)
    }
}

/// MobileNetV3, small and large (Howard et al., arXiv 1905.02244), with torchvision's names.
///
/// Input [N, H, W, channels], output logits [N, classes]; the last map has a thirty-second of the resolution. Feature
/// maps by the paths of its blocks, `features.0` to `features.12` or `features.16`.
public struct MobileNetV3: Module {
    /// The two networks of the paper.
    public enum Size: String, Sendable, CaseIterable {
        case small, large
    }

    /// A row of the paper's tables 1 and 2.
    struct Row {
        var kernel, expanded, outputs: Int
        var hasGate, hasHardSwish: Bool
        var stride: Int

        init(_ kernel: Int, _ expanded: Int, _ outputs: Int, gate: Bool, hardSwish: Bool, _ stride: Int) {
            (self.kernel, self.expanded, self.outputs) = (kernel, expanded, outputs)
            (hasGate, hasHardSwish, self.stride) = (gate, hardSwish, stride)
        }
    }

    /// From the image to 16 channels.
    public var stem: ConvNormActivation
    /// Eleven blocks, or fifteen.
    public var blocks: [MobileNetV3Block]
    /// To the channels that are averaged.
    public var last: ConvNormActivation
    /// The layer between them and the classifier.
    public var hidden: Dense
    /// Before the classifier.
    public var dropout = Dropout(0.2)
    /// From channels to classes.
    public var classifier: Dense

    /// Creates a network; the same seed gives the same weights.
    ///
    /// - Parameter width: factor on the channels of every layer, above 0.
    public init(_ size: Size, width: Double = 1, channels: Int, classes: Int, seed: UInt64) {
        require(
            width > 0 && channels > 0 && classes > 0,
            "MobileNetV3: width \(width), \(channels) channels, \(classes) classes, more than 0 expected")
        var random = Initialization.stream(seed: seed)
        func scaled(_ channels: Int) -> Int { MobileWidth.scaled(channels, by: width) }
        func normalization(_ channels: Int) -> BatchNorm { BatchNorm(channels, momentum: 0.01, epsilon: 1e-3) }
        var inputs = scaled(16)
        stem = ConvNormActivation(
            channels, inputs, stride: 2, normalization: normalization(inputs), activation: HardSwishOperation(),
            using: &random)
        blocks = []
        for var row in size == .small ? Self.small : Self.large {
            (row.expanded, row.outputs) = (scaled(row.expanded), scaled(row.outputs))
            blocks.append(MobileNetV3Block(inputs, row, normalization, using: &random))
            inputs = row.outputs
        }
        let averaged = 6 * inputs
        last = ConvNormActivation(
            inputs, averaged, kernel: 1, normalization: normalization(averaged), activation: HardSwishOperation(),
            using: &random)
        let outputs = scaled(size == .small ? 1024 : 1280)
        hidden = Dense(averaged, outputs, deviation: 0.01, using: &random)
        classifier = Dense(outputs, classes, deviation: 0.01, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let maps = last(blocks.reduce(stem(input)) { $1($0) })
        return classifier(dropout(hidden(maps.globalAveragePooled()).hardSwish()))
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("features.0", &stem)
        for index in blocks.indices { visitor("features.\(index + 1)", &blocks[index]) }
        visitor("features.\(blocks.count + 1)", &last)
        visitor("classifier.0", &hidden)
        visitor("classifier.3", &classifier)
    }
}

extension MobileNetV3 {
    /// Table 1.
    private static let large = [
        Row(3, 16, 16, gate: false, hardSwish: false, 1), Row(3, 64, 24, gate: false, hardSwish: false, 2),
        Row(3, 72, 24, gate: false, hardSwish: false, 1), Row(5, 72, 40, gate: true, hardSwish: false, 2),
        Row(5, 120, 40, gate: true, hardSwish: false, 1), Row(5, 120, 40, gate: true, hardSwish: false, 1),
        Row(3, 240, 80, gate: false, hardSwish: true, 2), Row(3, 200, 80, gate: false, hardSwish: true, 1),
        Row(3, 184, 80, gate: false, hardSwish: true, 1), Row(3, 184, 80, gate: false, hardSwish: true, 1),
        Row(3, 480, 112, gate: true, hardSwish: true, 1), Row(3, 672, 112, gate: true, hardSwish: true, 1),
        Row(5, 672, 160, gate: true, hardSwish: true, 2), Row(5, 960, 160, gate: true, hardSwish: true, 1),
        Row(5, 960, 160, gate: true, hardSwish: true, 1),
    ]

    /// Table 2.
    private static let small = [
        Row(3, 16, 16, gate: true, hardSwish: false, 2), Row(3, 72, 24, gate: false, hardSwish: false, 2),
        Row(3, 88, 24, gate: false, hardSwish: false, 1), Row(5, 96, 40, gate: true, hardSwish: true, 2),
        Row(5, 240, 40, gate: true, hardSwish: true, 1), Row(5, 240, 40, gate: true, hardSwish: true, 1),
        Row(5, 120, 48, gate: true, hardSwish: true, 1), Row(5, 144, 48, gate: true, hardSwish: true, 1),
        Row(5, 288, 96, gate: true, hardSwish: true, 2), Row(5, 576, 96, gate: true, hardSwish: true, 1),
        Row(5, 576, 96, gate: true, hardSwish: true, 1),
    ]

    /// By name: "mobilenetv3-small", "mobilenetv3-large", and "mobilenetv3-large-0.75" with fewer channels.
    public static let families = Size.allCases.map { size in
        NetworkFamily(
            "mobilenetv3-\(size.rawValue)[-WIDTH]", learningRate: 0.1, acceptsWidth: { (0.1...2).contains($0) }
        ) { width, input, classes, seed in
            MobileNetV3(size, width: width, channels: input[2], classes: classes, seed: seed)
        }
    }
}
