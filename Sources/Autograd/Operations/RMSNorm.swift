import TensorCore

/// Each row divided by its root mean square (Zhang and Sennrich, arXiv 1910.07467). Operands: x, and the scale with the
/// extents of the last axes of x that are one row together, [C] for x of [N, T, C].
public struct RMSNormOperation: GraphOperation {
    public static let name = "rmsNorm"

    /// Added to the mean square, a positive number.
    public let epsilon: Float

    public init(epsilon: Float = 1e-6) { self.epsilon = epsilon }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...2, for: label)
        return try operands.normalizedRows(epsilon: epsilon, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        layerNorm(operands[0], scale: operands[1], shift: nil, epsilon: epsilon, centered: false)
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (x, scale, epsilon) = (operands[0].value, operands[1].value, epsilon)
        return operands[0].tape.record(AnyOperation(self), forward([x, scale]), from: operands) {
            let gradients = layerNormGradient($0, x: x, scale: scale, epsilon: epsilon, centered: false)
            return [gradients.x, gradients.scale]
        }
    }

    public func role(ofOperand place: Int, shape: Shape) -> TensorRole { .bias }

    public func work(of operands: [Shape]) -> Double { 6 * Double(operands[0].elementCount) }
}

extension Variable {
    /// Each row divided by its root mean square (Zhang and Sennrich, arXiv 1910.07467).
    ///
    /// - Parameters:
    ///   - scale: the extents of the last axes of self that are one row together, [C] for self of [N, T, C].
    ///   - epsilon: added to the mean square.
    public func rmsNormalized(scale: Variable, epsilon: Float = 1e-6) -> Variable {
        RMSNormOperation(epsilon: epsilon).record([self, scale])
    }
}
