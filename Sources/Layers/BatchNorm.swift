import Autograd
import TensorCore

/// Batch normalisation over all axes but the last (Ioffe and Szegedy, arXiv 1502.03167).
///
/// In training it uses the batch's statistics and keeps a running mean of them: running ← 0.9 · running + 0.1 · batch,
/// the variance unbiased, as PyTorch does. In evaluation it uses the running ones.
public struct BatchNorm: Module {
    /// [C], from 1.
    public var scale: Parameter
    /// [C], from 0.
    public var shift: Parameter
    /// [C], from 0.
    public var runningMean: Parameter
    /// [C], from 1.
    public var runningVariance: Parameter
    /// Share of the new batch in the running statistics.
    public let momentum: Float
    /// Added to the variance.
    public let epsilon: Float

    /// Creates a normalisation of a number of channels.
    public init(_ channels: Int, momentum: Float = 0.1, epsilon: Float = 1e-5) {
        scale = Parameter(.ones([channels]), role: .bias)
        shift = Parameter(.zeros([channels]), role: .bias)
        runningMean = Parameter(.zeros([channels]), role: .statistic)
        runningVariance = Parameter(.ones([channels]), role: .statistic)
        self.momentum = momentum
        self.epsilon = epsilon
    }

    public func callAsFunction(_ input: Variable) -> Variable { self(input, residual: nil, relu: false) }

    /// Normalisation, a residual added and negative values cut, in one step.
    ///
    /// - Parameters:
    ///   - input: [..., C].
    ///   - residual: shape of the input, or nil.
    ///   - relu: whether max(·, 0) follows.
    public func callAsFunction(_ input: Variable, residual: Variable? = nil, relu: Bool) -> Variable {
        let tape = input.tape
        // A model that this pass does not train (a teacher) never changes its statistics.
        guard tape.mode == .training, tape.variable(at: scale.slot) != nil else {
            return input.batchNormalized(
                scale: scale(on: tape), shift: shift(on: tape), mean: runningMean(on: tape),
                variance: runningVariance(on: tape), epsilon: epsilon, residual: residual, relu: relu
            ).outputOfModule(with: scale.slot)
        }
        let (output, mean, variance) = input.batchNormalized(
            scale: scale(on: tape), shift: shift(on: tape), epsilon: epsilon, residual: residual, relu: relu)
        let rows = Float(input.value.count / max(mean.count, 1))
        let unbiased = variance * (rows > 1 ? rows / (rows - 1) : 1)
        for (parameter, batch) in [(runningMean, mean), (runningVariance, unbiased)] {
            // A layer that a pass uses twice goes on from its first update.
            let running = tape.replacement(at: parameter.slot) ?? parameter.value
            tape.replace(parameter.slot, with: running * (1 - momentum) + batch * momentum)
        }
        return output.outputOfModule(with: scale.slot)
    }

    /// What it does to a channel in use.
    func coefficients(on tape: Tape) -> BatchNormCoefficients {
        BatchNormCoefficients(
            scale: scale(on: tape).value, shift: shift(on: tape).value, mean: runningMean(on: tape).value,
            variance: runningVariance(on: tape).value, epsilon: epsilon)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("scale", &scale)
        visitor("shift", &shift)
        visitor("runningMean", &runningMean)
        visitor("runningVariance", &runningVariance)
    }
}
