import TensorCore

extension Variable {
    /// max(x, 0), element by element; the gradient passes where the output is positive.
    public func relu() -> Variable {
        let output = TensorCore.relu(value)
        return tape.record(.relu, output, from: self) { reluGradient($0, output: output) }
    }

    /// 1 / (1 + e⁻ˣ), element by element.
    public func sigmoid() -> Variable {
        let output = TensorCore.sigmoid(value)
        return tape.record(.sigmoid, output, from: self) { sigmoidGradient($0, output: output) }
    }

    /// The hyperbolic tangent, element by element.
    public func tanh() -> Variable {
        let output = TensorCore.tanh(value)
        return tape.record(.tanh, output, from: self) { tanhGradient($0, output: output) }
    }

    /// eˣ / Σ eˣ over the last axis.
    public func softmax() -> Variable {
        let output = TensorCore.softmax(value)
        return tape.record(.softmax, output, from: self) { softmaxGradient($0, output: output) }
    }

    /// x − log Σ eˣ over the last axis.
    public func logSoftmax() -> Variable {
        let output = TensorCore.logSoftmax(value)
        return tape.record(.logSoftmax, output, from: self) { logSoftmaxGradient($0, output: output) }
    }
}
