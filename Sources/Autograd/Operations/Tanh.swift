import TensorCore

/// The hyperbolic tangent, element by element.
public struct TanhOperation: VectorizedOperation {
    public static let name = "tanh"

    public init() {}

    public var function: VectorFunction { .tanh }

    /// The derivative follows from the output.
    public func record(_ operands: [Variable]) -> Variable {
        let output = forward(operands.map(\.value))
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            tanhGradient($0, output: output)
        }
    }
}

extension Variable {
    /// The hyperbolic tangent, element by element.
    public func tanh() -> Variable { applying(TanhOperation()) }
}
