import Autograd
import Foundation
import TensorCore

// Rounding that gradients pass (Bengio et al., arXiv 1308.3432). Steps have the gradient of LSQ (Esser et al., arXiv
// 1902.08153); what is learnt are their logarithms (Jain et al., arXiv 1903.08066), so that none becomes 0 or negative,
// and the gradient, step · ∂/∂step, does not depend on the unit.
extension Variable {
    /// An activation as its bytes would have it: step · clamp(round(x / step), −zeroPoint, 255 − zeroPoint).
    ///
    /// - Parameters:
    ///   - logStep: the natural logarithm of the step, one element.
    ///   - zeroPoint: the byte of 0.
    /// - Returns: shape of self, [N, ...].
    func fakeQuantized(logStep: Variable, zeroPoint: UInt8) -> Variable {
        let step = usableStep(logarithm: logStep.value.scalar)
        let quantization = AffineQuantization(scale: step, zeroPoint: zeroPoint)
        let (input, stepShape) = (value, logStep.shape)
        return tape.record(.learning("fakeQuantized"), value.fakeQuantized(quantization), from: [self, logStep]) {
            upstream in
            let (dx, dstep) = input.fakeQuantizationGradients(upstream, quantization)
            return [dx, Tensor(repeating: dstep * step, shape: stepShape)]
        }
    }

    /// Weights as their integers would have them: for each output channel step · clamp(round(w / step), −limit, limit).
    ///
    /// - Parameters:
    ///   - logSteps: natural logarithms of the steps, [C']; self has shape [..., C'].
    ///   - limit: 127 for 8 bits.
    func fakeQuantizedWeights(logSteps: Variable, limit: Int) -> Variable {
        let (weights, steps, bound) = (value, logSteps.value.map { usableStep(logarithm: $0) }, Float(limit))
        let output = weights.roundedToSteps(steps, limit: bound)
        return tape.record(.learning("fakeQuantizedWeights"), output, from: [self, logSteps]) { upstream in
            let (dw, dsteps) = fakeQuantizedWeightGradients(upstream, weights, steps: steps, limit: bound)
            return [dw, dsteps * steps]
        }
    }
}

/// A step from its logarithm, kept where float32 has room for what is multiplied by it.
func usableStep(logarithm: Float) -> Float { max(expf(min(logarithm, 40)), WeightRounding.leastScale) }

extension Tensor {
    /// steps · clamp(round(self / steps), −limit, limit).
    ///
    /// - Parameter steps: [C']; self has shape [..., C'].
    func roundedToSteps(_ steps: Tensor, limit: Float) -> Tensor {
        let channels = steps.count
        return withSpan { weights in
            steps.withSpan { steps in
                Tensor(shape: shape) { result in
                    for index in 0..<weights.count {
                        let step = steps[index % channels]
                        result[index] = step * WeightRounding.rounded(weights[index] / step, limit: limit)
                    }
                }
            }
        }
    }
}

/// What flows back to weights and steps, as in `Tensor.fakeQuantizationGradients`, a step for each channel.
func fakeQuantizedWeightGradients(
    _ upstream: Tensor, _ weights: Tensor, steps: Tensor, limit: Float
) -> (weights: Tensor, steps: Tensor) {
    let channels = steps.count
    var sums = [Double](repeating: 0, count: channels)
    let dw = upstream.withSpan { upstream in
        weights.withSpan { weights in
            steps.withSpan { steps in
                Tensor(shape: Shape([weights.count])) { dw in
                    for index in 0..<weights.count {
                        let channel = index % channels
                        let value = weights[index] / steps[channel]
                        let isInside = abs(value) < limit
                        let share = WeightRounding.rounded(value, limit: limit) - (isInside ? value : 0)
                        dw[index] = isInside ? upstream[index] : 0
                        sums[channel] += Double(upstream[index] * share)
                    }
                }
            }
        }
    }
    return (dw.reshaped(to: weights.shape), Tensor(sums.map { Float($0) }))
}
