import Autograd
import TensorCore

/// Two branches whose channels are mixed (Ma et al., arXiv 1807.11164): at stride 1 half of the channels goes around
/// the other's three convolutions, at stride 2 both branches take all of them.
public struct ShuffleNetV2Block: Module {
    /// Depthwise and 1×1, of a block that halves the map.
    public var shortcut: ShuffleNetV2Branch?
    /// 1×1, depthwise, 1×1.
    public var main: ShuffleNetV2Branch

    /// Creates a block; at stride 1 it has as many output as input channels.
    init(_ inputChannels: Int, _ outputChannels: Int, stride: Int, using random: inout Philox) {
        let half = outputChannels / 2
        if stride > 1 {
            shortcut = ShuffleNetV2Branch(inputChannels, half, stride: stride, beginsDepthwise: true, using: &random)
        }
        main = ShuffleNetV2Branch(
            stride > 1 ? inputChannels : half, half, stride: stride, beginsDepthwise: false, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let halves: [Variable]
        if let shortcut {
            halves = [shortcut(input), main(input)]
        } else {
            let channels = input.shape[3]
            let parts = input.split(axis: 3, into: [channels / 2, channels - channels / 2])
            halves = [parts[0], main(parts[1])]
        }
        return Variable.concatenated(halves, axis: 3).halvesMixed()
            .outputOfModule(with: main.projection.weight.slot, below: 3)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("branch1", &shortcut)
        visitor("branch2", &main)
    }
}

/// One branch of a block: a depthwise 3×3 convolution between two of 1×1, of which the first may be missing. No ReLU
/// follows the depthwise one.
public struct ShuffleNetV2Branch: Module {
    /// 1×1; nil in the branch that begins with the depthwise convolution.
    public var expansion: Conv2D?
    /// One 3×3 filter a channel.
    public var depthwise: Conv2D
    /// 1×1.
    public var projection: Conv2D
    /// The normalisations of their outputs.
    public var expansionNorm: BatchNorm?, depthwiseNorm, projectionNorm: BatchNorm

    init(_ inputChannels: Int, _ outputChannels: Int, stride: Int, beginsDepthwise: Bool, using random: inout Philox) {
        let inner = beginsDepthwise ? inputChannels : outputChannels
        if !beginsDepthwise {
            expansion = Conv2D(inputChannels, outputChannels, kernel: 1, bias: false, using: &random)
            expansionNorm = BatchNorm(outputChannels)
        }
        depthwise = Conv2D(inner, inner, kernel: 3, stride: stride, groups: inner, bias: false, using: &random)
        depthwiseNorm = BatchNorm(inner)
        projection = Conv2D(inner, outputChannels, kernel: 1, bias: false, using: &random)
        projectionNorm = BatchNorm(outputChannels)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        var map = input
        if let expansion, let expansionNorm {
            map = expansion(map, normalizedBy: expansionNorm, then: ReLUOperation())
        }
        map = depthwise(map, normalizedBy: depthwiseNorm)
        return projection(map, normalizedBy: projectionNorm, then: ReLUOperation())
            .outputOfModule(with: projection.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        // Places in a sequence that counts the ReLUs too.
        let first = expansion == nil ? 0 : 3
        visitor("0", &expansion)
        visitor("1", &expansionNorm)
        visitor("\(first)", &depthwise)
        visitor("\(first + 1)", &depthwiseNorm)
        visitor("\(first + 2)", &projection)
        visitor("\(first + 3)", &projectionNorm)
    }
}

/// ShuffleNetV2 (Ma et al., arXiv 1807.11164), with torchvision's names.
///
/// Input [N, H, W, channels], output logits [N, classes]; the last map has a thirty-second of the resolution. Feature
/// maps `stage2`, `stage3` and `stage4`.
public struct ShuffleNetV2: Module {
    /// The widths that the paper has.
    public enum Width: Double, Sendable, CaseIterable {
        case half = 0.5
        case one = 1
        case oneAndAHalf = 1.5
        case two = 2

        /// Channels of the three stages, and those that are averaged: table 5 of the paper.
        var channels: [Int] {
            switch self {
            case .half: [48, 96, 192, 1024]
            case .one: [116, 232, 464, 1024]
            case .oneAndAHalf: [176, 352, 704, 1024]
            case .two: [244, 488, 976, 2048]
            }
        }
    }

    /// From the image to 24 channels.
    public var conv1: ConvNormActivation
    /// Blocks, of which the first in each stage halves the resolution.
    public var stage2, stage3, stage4: [ShuffleNetV2Block]
    /// To the channels that are averaged.
    public var conv5: ConvNormActivation
    /// From channels to classes.
    public var fc: Dense

    /// Creates a network; the same seed gives the same weights.
    public init(_ width: Width = .one, channels: Int, classes: Int, seed: UInt64) {
        require(
            channels > 0 && classes > 0, "ShuffleNetV2: \(channels) channels, \(classes) classes, 1 or more expected")
        var random = Initialization.stream(seed: seed)
        let widths = width.channels
        var inputs = 24
        func halvingStage(_ number: Int, blocks: Int) -> [ShuffleNetV2Block] {
            stage(of: blocks, from: &inputs, to: widths[number], stride: 2) {
                ShuffleNetV2Block($0, widths[number], stride: $1, using: &random)
            }
        }
        conv1 = ConvNormActivation(channels, inputs, stride: 2, using: &random)
        (stage2, stage3, stage4) = (
            halvingStage(0, blocks: 4), halvingStage(1, blocks: 8), halvingStage(2, blocks: 4)
        )
        conv5 = ConvNormActivation(inputs, widths[3], kernel: 1, using: &random)
        fc = Dense(widths[3], classes, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let maps = [stage2, stage3, stage4].enumerated().reduce(conv1(input).halvedByMaximum()) { map, stage in
            stage.element.reduce(map) { $1($0) }.named("stage\(stage.offset + 2)")
        }
        return fc(conv5(maps).globalAveragePooled())
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("conv1", &conv1)
        visitor("stage2", &stage2)
        visitor("stage3", &stage3)
        visitor("stage4", &stage4)
        visitor("conv5", &conv5)
        visitor("fc", &fc)
    }
}

extension Variable {
    /// Channels of the first and of the second half in turn.
    func halvesMixed() -> Variable {
        let (_, h, w, c) = shape.nhwc(for: "ShuffleNetV2's shuffle")
        return reshaped(to: [-1, h, w, 2, c / 2]).transposed([0, 1, 2, 4, 3]).reshaped(to: [-1, h, w, c])
    }
}

extension ShuffleNetV2 {
    /// By name: "shufflenetv2-0.5", and "shufflenetv2" for "shufflenetv2-1.0".
    public static let family = NetworkFamily(
        "shufflenetv2[-WIDTH] (0.5, 1.0, 1.5, 2.0)", acceptsWidth: { Width(rawValue: $0) != nil }
    ) { width, input, classes, seed in
        Width(rawValue: width).map { ShuffleNetV2($0, channels: input[2], classes: classes, seed: seed) }
    }
}
