import TensorCore

/// Batch normalisation with given statistics. Operands: x [..., C], scale [C], shift [C], running mean [C], running
/// variance [C].
public struct BatchNormOperation: GraphOperation {
    public static let name = "batchNorm"

    /// Added to the variance.
    public let epsilon: Float

    public init(epsilon: Float) { self.epsilon = epsilon }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(5...5, for: label)
        guard epsilon > 0, epsilon.isFinite, let channels = operands[0].last,
            operands.dropFirst().allSatisfy({ $0 == [channels] })
        else {
            throw OperationError(
                found: "epsilon \(epsilon), statistics \(operands[1...].map(\.description)) for \(operands[0])",
                expected: "a positive number, and four vectors of its channels")
        }
        return operands[0]
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        batchNormInference(
            operands[0], scale: operands[1], shift: operands[2], mean: operands[3], variance: operands[4],
            epsilon: epsilon)
    }

    public func record(_ operands: [Variable]) -> Variable {
        let (input, scale, epsilon) = (operands[0].value, operands[1].value, epsilon)
        let (mean, variance) = (operands[3].value, operands[4].value)
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) { upstream in
            frozenBatchNormGradient(
                upstream, x: input, scale: scale, mean: mean, variance: variance, epsilon: epsilon) + [nil, nil]
        }
    }

    public func role(ofOperand place: Int, shape: Shape) -> TensorRole { place < 3 ? .bias : .statistic }
}

extension Variable {
    /// Batch normalisation with the batch's own statistics, a residual added and negative values cut if asked, as one
    /// step: the map is read and written once.
    ///
    /// - Parameters:
    ///   - scale: [C]; self has shape [..., C].
    ///   - shift: [C].
    ///   - epsilon: added to the variance.
    ///   - residual: shape of self.
    ///   - relu: whether max(·, 0) follows.
    /// - Returns: the result, and mean and biased variance of each channel over the batch.
    public func batchNormalized(
        scale: Variable, shift: Variable, epsilon: Float, residual: Variable? = nil, relu: Bool = false
    ) -> (output: Variable, mean: Tensor, variance: Tensor) {
        let (result, statistics) = batchNormTraining(
            value, scale: scale.value, shift: shift.value, epsilon: epsilon, residual: residual?.value, relu: relu)
        let (input, factor, offset, addend) = (value, scale.value, shift.value, residual?.value)
        let inputs = [self, scale, shift] + (residual.map { [$0] } ?? [])
        let output = tape.record(.learning("batchNorm with the batch's statistics"), result, from: inputs) {
            upstream in
            let gradients = batchNormTrainingGradient(
                upstream, x: input, statistics: statistics, scale: factor, shift: offset, residual: addend, relu: relu)
            return [gradients.x, gradients.scale, gradients.shift] + (addend == nil ? [] : [gradients.residual])
        }
        return (output, statistics.mean, statistics.variance)
    }

    /// Batch normalisation with given statistics. No gradient reaches the statistics.
    ///
    /// - Parameters:
    ///   - scale: [C]; self has shape [..., C].
    ///   - shift: [C].
    ///   - mean: [C].
    ///   - variance: [C].
    ///   - epsilon: added to the variance.
    ///   - residual: shape of self.
    ///   - relu: whether max(·, 0) follows.
    public func batchNormalized(
        scale: Variable, shift: Variable, mean: Variable, variance: Variable, epsilon: Float,
        residual: Variable? = nil, relu: Bool = false
    ) -> Variable {
        // A trace, and a pass that learns with frozen statistics, take the steps one by one; in use they are one.
        guard tape.trace == nil, tape.mode == .evaluation else {
            var output = BatchNormOperation(epsilon: epsilon).record([self, scale, shift, mean, variance])
            if let residual { output = output + residual }
            return relu ? output.relu() : output
        }
        return tape.constant(
            batchNormInference(
                value, scale: scale.value, shift: shift.value, mean: mean.value, variance: variance.value,
                epsilon: epsilon, residual: residual?.value, relu: relu))
    }
}

/// With the statistics fixed, batch-norm is affine: dx = dy · scale / σ, dscale = Σ dy (x − mean) / σ, dshift = Σ dy.
func frozenBatchNormGradient(
    _ upstream: Tensor, x: Tensor, scale: Tensor, mean: Tensor, variance: Tensor, epsilon: Float
) -> [Tensor?] {
    let channels = scale.count
    let zeros = Tensor.zeros([channels])
    let ones = Tensor.ones([channels])
    let normalized = batchNormInference(
        x, scale: ones, shift: zeros, mean: mean, variance: variance, epsilon: epsilon)
    let dx = batchNormInference(
        upstream, scale: scale, shift: zeros, mean: zeros, variance: variance, epsilon: epsilon)
    return [dx, sumOverLeadingAxes(upstream * normalized), sumOverLeadingAxes(upstream)]
}
