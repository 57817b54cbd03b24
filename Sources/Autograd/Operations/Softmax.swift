import TensorCore

/// eˣ / Σ eˣ over the last axis.
public struct SoftmaxOperation: GraphOperation {
    public static let name = "softmax"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape { try operands.rows(for: label) }

    public func forward(_ operands: [Tensor]) -> Tensor { TensorCore.softmax(operands[0]) }

    public func record(_ operands: [Variable]) -> Variable {
        let output = TensorCore.softmax(operands[0].value)
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) {
            softmaxGradient($0, output: output)
        }
    }
}

extension Variable {
    /// eˣ / Σ eˣ over the last axis.
    public func softmax() -> Variable { SoftmaxOperation().record([self]) }
}

extension [Shape] {
    /// The shape of one operand that is rows, [N, ..., K].
    func rows(for name: String) throws(OperationError) -> Shape {
        try require(1...1, for: name)
        guard self[0].rank >= 2, self[0].last != 0 else {
            throw OperationError(found: "\(name) of \(self[0])", expected: "rows [N, ..., K]")
        }
        return self[0]
    }
}
