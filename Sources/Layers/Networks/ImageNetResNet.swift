import Autograd
import TensorCore

/// Two 3×3 convolutions, or 1×1, 3×3 and 1×1 with few channels between (a bottleneck), with a way around them (He et
/// al., arXiv 1512.03385). The 3×3 convolution of a bottleneck has the stride, as in torchvision.
public struct ImageNetResidualBlock: Module {
    /// The convolutions; the third is that of a bottleneck.
    public var conv1, conv2: Conv2D, conv3: Conv2D?
    /// Their normalisations; after the last of them the way around is added.
    public var bn1, bn2: BatchNorm, bn3: BatchNorm?
    /// A 1×1 projection where the shape changes; otherwise the input itself goes around.
    public var downsample: ConvNormActivation?

    /// Creates a block.
    ///
    /// - Parameters:
    ///   - inputChannels: C.
    ///   - width: channels of the 3×3 convolutions.
    ///   - isBottleneck: whether the result has four times the width, or the width.
    init(_ inputChannels: Int, width: Int, isBottleneck: Bool, stride: Int, using random: inout Philox) {
        let outputChannels = isBottleneck ? 4 * width : width
        conv1 = Conv2D(
            inputChannels, width, kernel: isBottleneck ? 1 : 3, stride: isBottleneck ? 1 : stride, bias: false,
            using: &random)
        bn1 = BatchNorm(width)
        conv2 = Conv2D(width, width, kernel: 3, stride: isBottleneck ? stride : 1, bias: false, using: &random)
        bn2 = BatchNorm(width)
        if isBottleneck {
            conv3 = Conv2D(width, outputChannels, kernel: 1, bias: false, using: &random)
            bn3 = BatchNorm(outputChannels)
        }
        if stride != 1 || inputChannels != outputChannels {
            downsample = ConvNormActivation(
                inputChannels, outputChannels, kernel: 1, stride: stride, activation: nil, using: &random)
        }
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let (relu, around) = (ReLUOperation(), downsample?(input) ?? input)
        let first = conv1(input, normalizedBy: bn1, then: relu)
        let output: Variable
        if let conv3, let bn3 {
            output = conv3(conv2(first, normalizedBy: bn2, then: relu), normalizedBy: bn3, residual: around, then: relu)
        } else {
            output = conv2(first, normalizedBy: bn2, residual: around, then: relu)
        }
        return output.outputOfModule(with: conv1.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("conv1", &conv1)
        visitor("bn1", &bn1)
        visitor("conv2", &conv2)
        visitor("bn2", &bn2)
        visitor("conv3", &conv3)
        visitor("bn3", &bn3)
        visitor("downsample", &downsample)
    }
}

/// The residual networks of 18, 34 and 50 layers for photographs (He et al., arXiv 1512.03385), with torchvision's
/// names.
///
/// A 7×7 convolution and a maximum leave a quarter of the resolution, three of four stages halve it again. Input
/// [N, H, W, channels], output logits [N, classes]. Feature maps `layer1` to `layer4`. ``ResNet`` is the network of the
/// same paper for 32×32 images.
public struct ImageNetResNet: Module {
    /// How many layers.
    public enum Depth: Int, Sendable, CaseIterable {
        case resNet18 = 18
        case resNet34 = 34
        case resNet50 = 50

        /// Blocks of the four stages.
        var blocks: [Int] { self == .resNet18 ? [2, 2, 2, 2] : [3, 4, 6, 3] }
    }

    /// From the image to 64 channels.
    public var conv1: Conv2D
    /// The normalisation of its output.
    public var bn1: BatchNorm
    /// The stages: 64, 128, 256 and 512 channels, four times as many with 50 layers.
    public var layer1, layer2, layer3, layer4: [ImageNetResidualBlock]
    /// From channels to classes.
    public var fc: Dense

    /// Creates a network; the same seed gives the same weights.
    public init(_ depth: Depth, channels: Int, classes: Int, seed: UInt64) {
        require(
            channels > 0 && classes > 0, "ImageNetResNet: \(channels) channels, \(classes) classes, 1 or more expected")
        var random = Initialization.stream(seed: seed)
        let isBottleneck = depth == .resNet50
        var inputs = 64
        func layer(_ number: Int) -> [ImageNetResidualBlock] {
            let width = 64 << number
            return stage(
                of: depth.blocks[number], from: &inputs, to: isBottleneck ? 4 * width : width,
                stride: number > 0 ? 2 : 1
            ) {
                ImageNetResidualBlock($0, width: width, isBottleneck: isBottleneck, stride: $1, using: &random)
            }
        }
        conv1 = Conv2D(channels, 64, kernel: 7, stride: 2, bias: false, using: &random)
        bn1 = BatchNorm(64)
        (layer1, layer2, layer3, layer4) = (layer(0), layer(1), layer(2), layer(3))
        fc = Dense(inputs, classes, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let stem = conv1(input, normalizedBy: bn1, then: ReLUOperation()).halvedByMaximum()
        let maps = [layer1, layer2, layer3, layer4].enumerated().reduce(stem) { map, stage in
            stage.element.reduce(map) { $1($0) }.named("layer\(stage.offset + 1)")
        }
        return fc(maps.globalAveragePooled())
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("conv1", &conv1)
        visitor("bn1", &bn1)
        visitor("layer1", &layer1)
        visitor("layer2", &layer2)
        visitor("layer3", &layer3)
        visitor("layer4", &layer4)
        visitor("fc", &fc)
    }
}

extension Variable {
    /// The maximum of each 3×3 window at stride 2: how stems of networks for photographs end.
    func halvedByMaximum() -> Variable {
        let (_, h, w, c) = shape.nhwc(for: "the stem's maximum")
        return maxPooled(Pool2DGeometry(input: (h, w, c), window: (3, 3), stride: (2, 2), padding: (1, 1)))
    }
}

extension ImageNetResNet {
    /// By name: "resnet18", "resnet34", "resnet50", without a dash as torchvision spells them.
    public static let families = Depth.allCases.map { depth in
        NetworkFamily("resnet\(depth.rawValue)", accepts: \.isEmpty) { _, input, classes, seed in
            ImageNetResNet(depth, channels: input[2], classes: classes, seed: seed)
        }
    }
}
