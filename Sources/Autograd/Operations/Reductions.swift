import TensorCore

/// An operation that makes one element of all along some axes.
public protocol ReducingOperation: GraphOperation {
    /// The axes, in any order, each once; negative ones count from the last. No axes leave everything as it is.
    var axes: [Int] { get }
    /// Whether the axes stay, with extent 1.
    var keepsAxes: Bool { get }
    /// Whether there is a result for an axis of no elements.
    static var takesEmptyAxes: Bool { get }
}

extension ReducingOperation {
    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        guard let places = input.places(ofAxes: axes) else {
            throw OperationError(found: "axes \(axes) of \(input)", expected: "axes of the input, each once")
        }
        guard Self.takesEmptyAxes || places.allSatisfy({ input[$0] > 0 }) else {
            throw OperationError(found: "\(label) over axes \(axes) of \(input)", expected: "elements there")
        }
        return input.reduced(at: places, keepingAxes: keepsAxes)
    }

    /// What has the result's shape repeated to the input's.
    func repeated(_ result: Tensor, to input: Shape) -> Tensor {
        guard let places = input.places(ofAxes: axes) else { fatalError("\(label): axes \(axes) of \(input)") }
        return result.reshaped(to: input.reduced(at: places, keepingAxes: true)).broadcast(to: input)
    }
}

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
