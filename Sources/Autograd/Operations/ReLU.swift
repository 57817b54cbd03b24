import TensorCore

/// max(x, 0), element by element; the gradient passes where the output is positive.
public struct ReLUOperation: ElementwiseOperation {
    public static let name = "relu"

    public init() {}

    public func value(at x: Float) -> Float { max(x, 0) }

    public func slope(at x: Float) -> Float { x > 0 ? 1 : 0 }

    public func forward(_ operands: [Tensor]) -> Tensor { TensorCore.relu(operands[0]) }

    public func record(_ operands: [Variable]) -> Variable {
        let output = TensorCore.relu(operands[0].value)
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            reluGradient($0, output: output)
        }
    }
}

extension Variable {
    /// max(x, 0), element by element.
    public func relu() -> Variable { applying(ReLUOperation()) }
}
