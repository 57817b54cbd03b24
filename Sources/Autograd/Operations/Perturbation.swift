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

    /// Row n of the result is share(n) · row n + (1 − share(n)) · row partner(n).
    ///
    /// - Parameters:
    ///   - partners: for each row of self, shape [N, ...], another or the same.
    ///   - shares: for each row, how much of itself stays.
    public func blendingRows(with partners: [Int], shares: [Float]) -> Variable {
        let output = value.blendingRows(with: partners, shares: shares)  // refuses what does not fit
        return tape.record(.learning("blendingRows"), output, from: self) {
            blendingRowsGradient($0, partners: partners, shares: shares)
        }
    }
}

/// What arrives at row n goes to row n by its share, and to its partner by the rest.
func blendingRowsGradient(_ upstream: Tensor, partners: [Int], shares: [Float]) -> Tensor {
    let size = upstream.count / max(partners.count, 1)
    return upstream.withSpan { source in
        Tensor(shape: upstream.shape) { target in
            for index in target.indices { target[index] = shares[index / size] * source[index] }
            for (row, partner) in partners.enumerated() {
                for place in 0..<size {
                    target[partner * size + place] += (1 - shares[row]) * source[row * size + place]
                }
            }
        }
    }
}
