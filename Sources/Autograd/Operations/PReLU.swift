import TensorCore

/// x for positive numbers, slope · x for others, with a learnt slope (He et al., arXiv 1502.01852). Operands: x, and
/// the slope [C] for x of [..., C], or any shape that is broadcast to that of x.
public struct PReLUOperation: GraphOperation {
    public static let name = "prelu"

    public init() {}

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...2, for: label)
        guard operands[0].broadcast(with: operands[1]) == operands[0] else {
            throw OperationError(
                found: "a slope of \(operands[1]) for \(operands[0])", expected: "one that is broadcast to it")
        }
        return operands[0]
    }

    public func forward(_ operands: [Tensor]) -> Tensor { prelu(operands[0], slope: operands[1]) }

    public func record(_ operands: [Variable]) -> Variable {
        let (x, slope) = (operands[0].value, operands[1].value)
        // relu(x) is not 0 where x is positive.
        return recordBroadcast(
            operands, pullbacks: [{ .select(relu(x), $0, $0 * slope) }, { .select(relu(x), Tensor(0), $0 * x) }])
    }

    /// Learnt, and not shrunk: a slope of 0 is no better than another.
    public func role(ofOperand place: Int, shape: Shape) -> TensorRole { .bias }
}

extension Variable {
    /// x for positive numbers, slope · x for others, with a learnt slope (He et al., arXiv 1502.01852).
    ///
    /// - Parameter slope: [C] for self of [..., C], or any shape that is broadcast to that of self.
    public func prelu(slope: Variable) -> Variable { PReLUOperation().record([self, slope]) }
}
