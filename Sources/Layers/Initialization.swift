import TensorCore

/// Starting values of weights.
enum Initialization {
    /// Normal with variance 2 / fan-in, which keeps the variance of activations through ReLUs (He et al.,
    /// arXiv 1502.01852).
    static func he(_ shape: Shape, fanIn: Int, using random: inout Philox) -> Tensor {
        Tensor(normal: shape, deviation: (2 / Float(max(fanIn, 1))).squareRoot(), using: &random)
    }

    /// Uniform in ±1 / √fan-in: for a layer that no ReLU follows, such as the last.
    static func uniform(_ shape: Shape, fanIn: Int, using random: inout Philox) -> Tensor {
        let bound = 1 / Float(max(fanIn, 1)).squareRoot()
        return Tensor(uniform: shape, in: -bound...bound, using: &random)
    }

    /// The stream of a network's layers, in the order in which they are made.
    static func stream(seed: UInt64) -> Philox { Philox(seed: seed, operation: RandomPurpose.initialization) }
}
