import Foundation
import TensorCore

/// 1 / (1 + e⁻ˣ), element by element.
public struct SigmoidOperation: ElementwiseOperation {
    public static let name = "sigmoid"

    public init() {}

    public func value(at x: Float) -> Float { 1 / (1 + expf(-x)) }

    public func slope(at x: Float) -> Float { value(at: x) * (1 - value(at: x)) }

    public func forward(_ operands: [Tensor]) -> Tensor { TensorCore.sigmoid(operands[0]) }

    public func record(_ operands: [Variable]) -> Variable {
        let output = TensorCore.sigmoid(operands[0].value)
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            sigmoidGradient($0, output: output)
        }
    }
}

extension Variable {
    /// 1 / (1 + e⁻ˣ), element by element.
    public func sigmoid() -> Variable { applying(SigmoidOperation()) }
}
