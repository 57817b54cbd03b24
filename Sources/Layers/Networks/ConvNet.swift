import Autograd
import TensorCore

/// A small plain network: two 3×3 blocks, 2×2 maximum, two 3×3 blocks of twice the width, global average, dense.
///
/// Input [N, H, W, channels] with H and W at least 2, output logits [N, classes]. Feature maps `stage1` (before the
/// maximum) and `stage2` (before the average). With one channel and ten classes, width 16 has 16,794 parameters and
/// width 32 has 65,834.
public struct ConvNet: Module {
    /// The blocks before the maximum.
    public var stage1: [ConvolutionBlock]
    /// The blocks after it.
    public var stage2: [ConvolutionBlock]
    /// From channels to classes.
    public var classifier: Dense

    /// Creates a network; the same seed gives the same weights.
    public init(width: Int, channels: Int, classes: Int, seed: UInt64) {
        self.init(widths: [width, width, 2 * width, 2 * width], channels: channels, classes: classes, seed: seed)
    }

    /// Creates a network with any number of channels in each of the four blocks.
    public init(widths: [Int], channels: Int, classes: Int, seed: UInt64) {
        require(
            widths.count == 4 && widths.allSatisfy { $0 > 0 } && channels > 0 && classes > 0,
            "ConvNet: widths \(widths), \(channels) channels, \(classes) classes, four widths and 1 or more expected")
        var random = Initialization.stream(seed: seed)
        let blocks = zip([channels] + widths, widths).map { ConvolutionBlock($0, $1, using: &random) }
        stage1 = Array(blocks[..<2])
        stage2 = Array(blocks[2...])
        classifier = Dense(widths[3], classes, using: &random)
    }

    /// Output channels of the four blocks.
    public var widths: [Int] { (stage1 + stage2).map(\.outputChannels) }

    public func callAsFunction(_ input: Variable) -> Variable {
        let early = stage1.reduce(input) { $1($0) }.named("stage1")
        let (_, h, w, c) = early.shape.nhwc(for: "ConvNet")
        let pooled = early.maxPooled(Pool2DGeometry(input: (h, w, c), window: (2, 2)))
        let late = stage2.reduce(pooled) { $1($0) }.named("stage2")
        return classifier(late.globalAveragePooled())
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("stage1", &stage1)
        visitor("stage2", &stage2)
        visitor("classifier", &classifier)
    }
}

extension ConvNet {
    /// By name: "convnet-16".
    public static let family = NetworkFamily(
        "convnet-WIDTH", images: "sides of 2 pixels or more", accepts: { $0.count == 1 }
    ) {
        sizes, input, classes, seed in
        // The maximum halves the image.
        guard input[0] >= 2, input[1] >= 2 else { return nil }
        return ConvNet(width: sizes[0], channels: input[2], classes: classes, seed: seed)
    }
}
