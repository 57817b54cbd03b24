import TensorCore

/// The mean over height and width: [N, H, W, C] to [N, C].
public struct GlobalAveragePoolOperation: GraphOperation {
    public static let name = "globalAveragePool"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let input = operands[0]
        // Sums of so many pixels of 8 bits fit 32.
        guard input.rank == 4, input[1].multipliedReportingOverflow(by: input[2]).partialValue <= 1 << 22 else {
            throw OperationError(found: "input of \(input)", expected: "[N, H, W, C] of at most 2²² pixels")
        }
        return [input[0], input[3]]
    }

    public func forward(_ operands: [Tensor]) -> Tensor { globalAverage(operands[0]) }

    public func record(_ operands: [Variable]) -> Variable {
        let shape = operands[0].shape
        return operands[0].tape.record(AnyOperation(self), globalAverage(operands[0].value), from: operands[0]) {
            globalAverageGradient($0, to: shape)
        }
    }
}

extension Variable {
    /// The mean over height and width.
    ///
    /// - Returns: [N, C]; self has shape [N, H, W, C].
    public func globalAveragePooled() -> Variable { GlobalAveragePoolOperation().record([self]) }
}
