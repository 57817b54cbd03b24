import Autograd
import TensorCore

/// Attention between all tokens, and two dense layers for each; both add to what comes in, and normalise it first.
public struct VisionTransformerBlock: Module {
    /// Before the attention, and before the dense layers.
    public var norm1, norm2: LayerNorm
    /// Between the tokens.
    public var attn: MultiHeadAttention
    /// To four times the channels, and back.
    public var fc1, fc2: Dense

    init(_ channels: Int, heads: Int, using random: inout Philox) {
        norm1 = LayerNorm(channels, epsilon: 1e-6)
        norm2 = LayerNorm(channels, epsilon: 1e-6)
        attn = MultiHeadAttention(channels, heads: heads, using: &random)
        attn.qkv = Dense(channels, 3 * channels, deviation: 0.02, using: &random)
        attn.proj = Dense(channels, channels, deviation: 0.02, using: &random)
        fc1 = Dense(channels, 4 * channels, deviation: 0.02, using: &random)
        fc2 = Dense(4 * channels, channels, deviation: 0.02, using: &random)
    }

    /// - Parameter input: [N, T, C].
    public func callAsFunction(_ input: Variable) -> Variable {
        let mixed = input + attn(norm1(input))
        return (mixed + fc2(fc1(norm2(mixed)).gelu())).outputOfModule(with: norm1.scale.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("norm1", &norm1)
        visitor("attn", &attn)
        visitor("norm2", &norm2)
        visitor("mlp.fc1", &fc1)
        visitor("mlp.fc2", &fc2)
    }
}

/// The vision transformer on patches of 16 pixels (Dosovitskiy et al., arXiv 2010.11929) in the sizes of DeiT (Touvron
/// et al., arXiv 2012.12877), with timm's names.
///
/// Input [N, H, W, channels] of the size that it was made for, since each patch has its own embedding of position;
/// output logits [N, classes]. Feature maps by the paths of its blocks, `blocks.0` to `blocks.11`: [N, T, C] with a
/// token for the class and one for each patch.
public struct VisionTransformer: Module {
    /// The two smaller networks of DeiT.
    public enum Size: String, Sendable, CaseIterable {
        case tiny, small

        var channels: Int { self == .tiny ? 192 : 384 }
        var heads: Int { self == .tiny ? 3 : 6 }
    }

    /// Pixels on a side of a patch.
    public static let patchSize = 16

    /// Patches of an image, [height, width].
    let grid: [Int]
    /// The class's token, [1, 1, C].
    public var classToken: Parameter
    /// What is added to each token for its place, [1, T, C].
    public var positions: Parameter
    /// From a patch to a token.
    public var patchEmbedding: Conv2D
    /// Twelve blocks.
    public var blocks: [VisionTransformerBlock]
    /// Before the classifier.
    public var norm: LayerNorm
    /// From the class's token to classes.
    public var head: Dense

    /// Creates a network; the same seed gives the same weights.
    ///
    /// - Parameters:
    ///   - height: of the images, a multiple of 16.
    ///   - width: of the images, a multiple of 16.
    public init(_ size: Size, height: Int, width: Int, channels: Int, classes: Int, seed: UInt64) {
        let patch = Self.patchSize
        require(
            channels > 0 && classes > 0 && height > 0 && width > 0 && height % patch == 0 && width % patch == 0,
            "VisionTransformer: images of \(height)×\(width)×\(channels), \(classes) classes; multiples of \(patch), "
                + "and 1 or more, expected")
        var random = Initialization.stream(seed: seed)
        grid = [height / patch, width / patch]
        let (c, patches) = (size.channels, grid[0] * grid[1])
        // Neither decays, as in DeiT.
        classToken = Parameter(Tensor(normal: [1, 1, c], deviation: 0.02, using: &random), role: .bias)
        positions = Parameter(Tensor(normal: [1, patches + 1, c], deviation: 0.02, using: &random), role: .bias)
        patchEmbedding = Conv2D(channels, c, kernel: patch, stride: patch, padding: 0, using: &random)
        blocks = (0..<12).map { _ in VisionTransformerBlock(c, heads: size.heads, using: &random) }
        norm = LayerNorm(c, epsilon: 1e-6)
        head = Dense(c, classes, deviation: 0.02, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let patches = patchEmbedding(input)
        let (_, h, w, c) = patches.shape.nhwc(for: "VisionTransformer")
        require(
            h * w + 1 == positions.value.shape[1],
            "VisionTransformer: images of shape \(input.shape) have \(h * w) patches, "
                + "\(positions.value.shape[1] - 1) expected")
        let tokens = patches.reshaped(to: [-1, h * w, c])
        let first = classToken(on: input.tape).expanded(toBatchOf: tokens)
        let placed = Variable.concatenated([first, tokens], axis: 1) + positions(on: input.tape)
        let last = norm(blocks.reduce(placed) { $1($0) })
        return head(last.slice(axis: 1, 0..<1).reshaped(to: [-1, c]))
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("cls_token", &classToken)
        visitor("pos_embed", &positions)
        visitor("patch_embed.proj", &patchEmbedding)
        visitor("blocks", &blocks)
        visitor("norm", &norm)
        visitor("head", &head)
    }
}

extension VisionTransformer: PublishedFitting {
    /// Embeddings of position for a square grid as those for this network's, by Keys' cubic convolution, with an
    /// anti-aliasing kernel where the grid shrinks: as timm's `resample_abs_pos_embed`. The class token's stays.
    func fitted(_ published: Tensor, to path: String) -> (value: Tensor, difference: PublishedDifference)? {
        let shape = published.shape
        guard path == "pos_embed", shape.rank == 3, shape[0] == 1, shape[1] > 1, shape[2] == positions.value.shape[2]
        else { return nil }
        let side = Int(Double(shape[1] - 1).squareRoot())
        guard side * side == shape[1] - 1 else { return nil }
        let rows = published.reshaped(to: [shape[1], shape[2]])
        let places = rows[rows: 1..<shape[1]].reshaped(to: [1, side, side, shape[2]])
        let interpolation = Interpolation(.cubic(coefficient: -0.5), excludesOutside: true, antialias: true)
        let resampled = resized(
            places, ResizeGeometry(input: (side, side), output: (grid[0], grid[1]), interpolation))
        let all = Tensor.concatenated(
            [rows[rows: 0..<1], resampled.reshaped(to: [grid[0] * grid[1], shape[2]])], axis: 0)
        return (
            all.reshaped(to: positions.value.shape), .resampled(path, from: [side, side], to: grid)
        )
    }
}

extension VisionTransformer {
    /// By name: "vit-tiny" and "vit-small", for images whose sides are multiples of 16.
    public static let families = Size.allCases.map { size in
        NetworkFamily(
            "vit-\(size.rawValue)", learningRate: 0.02, images: "sides that are multiples of \(patchSize) pixels",
            accepts: \.isEmpty,
            weights: { _, input, _ in input[0] / patchSize * (input[1] / patchSize) * size.channels }
        ) { _, input, classes, seed in
            guard input[0] % patchSize == 0, input[1] % patchSize == 0 else { return nil }
            return VisionTransformer(
                size, height: input[0], width: input[1], channels: input[2], classes: classes, seed: seed)
        }
    }
}
