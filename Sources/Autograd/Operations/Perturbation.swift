import TensorCore

extension Variable {
    /// Drops each element with a probability, and scales the others so that the mean stays (Srivastava et al. 2014).
    /// In evaluation it changes nothing. The tape's random stream decides.
    ///
    /// - Parameter probability: of dropping an element, in 0 ..< 1.
    public func dropout(_ probability: Float) -> Variable {
        require(probability >= 0 && probability < 1, "dropout: probability \(probability), 0 ..< 1 expected")
        guard tape.mode == .training, probability > 0 else { return self }
        let mask = Tensor(shape: shape) { span in
            for index in span.indices {
                span[index] = tape.random.uniform() < probability ? 0 : 1 / (1 - probability)
            }
        }
        return tape.record(.learning("dropout"), value * mask, from: self) { $0 * mask }
    }

    /// Channel c of the result is channel `permutation[c]` of self.
    ///
    /// - Parameter permutation: of 0 ..< C; self has shape [..., C].
    public func permutingChannels(_ permutation: [Int]) -> Variable {
        let output = value.permutingLastAxis(permutation)  // refuses what is no permutation
        var inverse = permutation
        for (new, old) in permutation.enumerated() { inverse[old] = new }
        return tape.record(.learning("permutingChannels"), output, from: self) { $0.permutingLastAxis(inverse) }
    }

    /// Self times a constant that is broadcast to its shape, such as a spatial mask [N, H, W, 1].
    public func multiplied(byBroadcast factor: Tensor) -> Variable {
        let full = factor.broadcast(to: shape)
        return tape.record(.learning("multipliedByBroadcast"), value * full, from: self) { $0 * full }
    }
}
