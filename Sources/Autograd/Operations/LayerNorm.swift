import TensorCore

/// Normalisation of each row by its own mean and variance (Ba et al., arXiv 1607.06450). Operands: x, the scale, and
/// the shift if there is one; scale and shift have the extents of the last axes of x that are one row together, [C] for
/// x of [N, T, C].
public struct LayerNormOperation: GraphOperation {
    public static let name = "layerNorm"

    /// Added to the variance, a positive number.
    public let epsilon: Float

    public init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(2...3, for: label)
        return try operands.normalizedRows(epsilon: epsilon, for: label)
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        layerNorm(operands[0], scale: operands[1], shift: operands.dropFirst(2).first, epsilon: epsilon)
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (x, scale, epsilon, count) = (operands[0].value, operands[1].value, epsilon, operands.count)
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) {
            let gradients = layerNormGradient($0, x: x, scale: scale, epsilon: epsilon)
            return Array([gradients.x, gradients.scale, gradients.shift].prefix(count))
        }
    }

    public func role(ofOperand place: Int, shape: Shape) -> TensorRole { .bias }

    public func work(of operands: [Shape]) -> Double { 8 * Double(operands[0].elementCount) }
}

extension [Shape] {
    /// The shape of an operand whose rows are normalised, and are as long as the other operands.
    func normalizedRows(epsilon: Float, for name: String) throws(OperationError) -> Shape {
        let (x, scale) = (self[0], self[1])
        guard epsilon > 0, epsilon.isFinite, scale.rank > 0, scale.rank < x.rank, scale.elementCount > 0,
            dropFirst().allSatisfy({ $0.elementsEqual(x.suffix(scale.rank)) })
        else {
            throw OperationError(
                found: "\(name) with epsilon \(epsilon) of \(map(\.description).joined(separator: ", "))",
                expected: "a positive epsilon, and scale and shift of the input's last extents without the batch")
        }
        return x
    }
}

extension Variable {
    /// Normalisation of each row by its own mean and variance (Ba et al., arXiv 1607.06450).
    ///
    /// - Parameters:
    ///   - scale: the extents of the last axes of self that are one row together, [C] for self of [N, T, C].
    ///   - shift: the same extents; nil for none.
    ///   - epsilon: added to the variance.
    public func layerNormalized(scale: Variable, shift: Variable? = nil, epsilon: Float = 1e-5) -> Variable {
        LayerNormOperation(epsilon: epsilon).record([self, scale] + (shift.map { [$0] } ?? []))
    }
}
