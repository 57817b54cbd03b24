import Foundation
import TensorCore

/// The hyperbolic tangent, element by element.
public struct TanhOperation: ElementwiseOperation {
    public static let name = "tanh"

    public init() {}

    public func value(at x: Float) -> Float { tanhf(x) }

    public func slope(at x: Float) -> Float { 1 - value(at: x) * value(at: x) }

    public func forward(_ operands: [Tensor]) -> Tensor { TensorCore.tanh(operands[0]) }

    public func record(_ operands: [Variable]) -> Variable {
        let output = TensorCore.tanh(operands[0].value)
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            tanhGradient($0, output: output)
        }
    }
}

extension Variable {
    /// The hyperbolic tangent, element by element.
    public func tanh() -> Variable { applying(TanhOperation()) }
}
