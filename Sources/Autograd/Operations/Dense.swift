import TensorCore

extension Variable {
    /// x · weights + bias.
    ///
    /// - Parameters:
    ///   - weights: [in, out]; self has shape [N, in].
    ///   - bias: [out].
    /// - Returns: [N, out].
    public func multiplied(byMatrix weights: Variable, bias: Variable? = nil) -> Variable {
        var output = matmul(value, weights.value)  // Y[N, out] = X[N, in] · W[in, out]
        if let bias { output = output.addingToRows(bias.value) }
        let (input, matrix, wantsInput, hasBias) = (value, weights.value, node != nil, bias != nil)
        return tape.record(.dense, output, from: [self, weights] + (bias.map { [$0] } ?? [])) { upstream in
            [
                wantsInput ? matmul(upstream, matrix, transposeB: true) : nil,  // dX = dY · Wᵀ
                matmul(input, upstream, transposeA: true),  // dW = Xᵀ · dY
            ] + (hasBias ? [sumOverLeadingAxes(upstream)] : [])
        }
    }
}
