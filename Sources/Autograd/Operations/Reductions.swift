import TensorCore

extension Variable {
    /// The sum of all elements, shape [].
    public func sum() -> Variable {
        let shape = value.shape
        return tape.record(.learning("sum"), Tensor(value.sum()), from: self) {
            Tensor(repeating: $0.scalar, shape: shape)
        }
    }

    /// The mean of all elements, shape [].
    public func mean() -> Variable {
        let shape = value.shape
        return tape.record(.learning("mean"), Tensor(value.mean()), from: self) {
            Tensor(repeating: $0.scalar / Float(shape.elementCount), shape: shape)
        }
    }
}
