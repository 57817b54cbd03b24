import Autograd
import TensorCore

/// Self-attention with several heads (Vaswani et al., arXiv 1706.03762): [N, T, C] to [N, T, C].
///
/// One dense layer gives queries, keys and values, C of each; a head takes C / heads of them. Each token receives the
/// values of all tokens by the softmax of query · key / √(C / heads).
public struct MultiHeadAttention: Module {
    /// From C to 3 C: queries, keys, values, each with its heads one after another.
    public var qkv: Dense
    /// From what the heads give, C, to C.
    public var proj: Dense
    /// Heads.
    public let heads: Int

    /// Creates a layer.
    ///
    /// - Parameters:
    ///   - channels: C.
    ///   - heads: a divisor of C.
    public init(_ channels: Int, heads: Int, using random: inout Philox) {
        require(
            heads > 0 && channels % heads == 0,
            "MultiHeadAttention: \(heads) heads of \(channels) channels, a divisor expected")
        qkv = Dense(channels, 3 * channels, using: &random)
        proj = Dense(channels, channels, using: &random)
        self.heads = heads
    }

    /// - Parameter input: [N, T, C].
    public func callAsFunction(_ input: Variable) -> Variable {
        require(input.shape.rank == 3, "MultiHeadAttention: input has shape \(input.shape), [N, T, C] expected")
        let tokens = input.shape[1]
        let packed = qkv(input)
        let channels = packed.shape[2] / 3
        // [N, heads, T, C / heads] each.
        let parts = (0..<3).map { part in
            packed.slice(axis: 2, part * channels..<(part + 1) * channels)
                .reshaped(to: [-1, tokens, heads, channels / heads]).transposed([0, 2, 1, 3])
        }
        let queries = parts[0] * (1 / Float(channels / heads).squareRoot())
        let shares = queries.multiplied(byMatrices: parts[1].transposed([0, 1, 3, 2])).softmax()
        let mixed = shares.multiplied(byMatrices: parts[2]).transposed([0, 2, 1, 3])
        return proj(mixed.reshaped(to: [-1, tokens, channels])).outputOfModule(with: qkv.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("qkv", &qkv)
        visitor("proj", &proj)
    }
}
