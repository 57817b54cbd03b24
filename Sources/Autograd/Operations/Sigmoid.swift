import TensorCore

/// 1 / (1 + e⁻ˣ), element by element.
public struct SigmoidOperation: VectorizedOperation {
    public static let name = "sigmoid"

    public init() {}

    public var function: VectorFunction { .sigmoid }

    /// The derivative follows from the output.
    public func record(_ operands: [Variable]) -> Variable {
        let output = forward(operands.map(\.value))
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            sigmoidGradient($0, output: output)
        }
    }
}

extension Variable {
    /// 1 / (1 + e⁻ˣ), element by element.
    public func sigmoid() -> Variable { applying(SigmoidOperation()) }
}
