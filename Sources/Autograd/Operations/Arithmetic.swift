import TensorCore

extension Variable {
    /// The sum of two variables of one shape.
    public static func + (left: Variable, right: Variable) -> Variable {
        requireSameShape("+", left, right)
        return left.tape.record(.add, left.value + right.value, from: [left, right]) { [$0, $0] }
    }

    /// The difference of two variables of one shape.
    public static func - (left: Variable, right: Variable) -> Variable { left + right * -1 }

    /// The product of two variables of one shape, element by element.
    public static func * (left: Variable, right: Variable) -> Variable {
        requireSameShape("*", left, right)
        let (a, b) = (left.value, right.value)
        return left.tape.record(.multiply, a * b, from: [left, right]) { [$0 * b, $0 * a] }
    }

    // Tensors broadcast; a gradient would then have to be summed back, which none of our networks needs.
    private static func requireSameShape(_ operation: String, _ left: Variable, _ right: Variable) {
        require(left.shape == right.shape, "\(operation): shapes \(left.shape) and \(right.shape) of variables differ")
    }

    /// Every element times a number.
    public static func * (left: Variable, factor: Float) -> Variable {
        left.tape.record(.scale(factor), left.value * factor, from: left) { $0 * factor }
    }

    /// Every element times a number.
    public static func * (factor: Float, right: Variable) -> Variable { right * factor }

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

    /// Variables one after another along an axis; they agree in all others.
    public static func concatenated(_ parts: [Variable], axis: Int) -> Variable {
        guard let first = parts.first else { fatalError("concatenated: no variables given") }
        let output = Tensor.concatenated(parts.map(\.value), axis: axis)
        let extents = parts.map { $0.shape[axis] }
        return first.tape.record(.concatenate(axis: axis), output, from: parts) { upstream in
            var start = 0
            return extents.map { extent in
                defer { start += extent }
                return upstream.slice(axis: axis, start..<start + extent)
            }
        }
    }

    /// Everything but the batch axis as one axis: [N, ...] to [N, product].
    public func flattened() -> Variable {
        let shape = value.shape
        require(shape.rank >= 1, "flattened: a scalar has no batch axis")
        let n = shape[0]
        return tape.record(
            .flatten, value.reshaped(to: [n, n == 0 ? 0 : shape.elementCount / n]), from: self
        ) { $0.reshaped(to: shape) }
    }
}
