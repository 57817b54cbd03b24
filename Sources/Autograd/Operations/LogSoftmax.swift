import TensorCore

/// x − log Σ eˣ over the last axis.
public struct LogSoftmaxOperation: GraphOperation {
    public static let name = "logSoftmax"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape { try operands.rows(for: label) }

    public func forward(_ operands: [Tensor]) -> Tensor { TensorCore.logSoftmax(operands[0]) }

    public func record(_ operands: [Variable]) -> Variable {
        let output = TensorCore.logSoftmax(operands[0].value)
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            logSoftmaxGradient($0, output: output)
        }
    }
}

extension Variable {
    /// x − log Σ eˣ over the last axis.
    public func logSoftmax() -> Variable { LogSoftmaxOperation().record([self]) }
}
