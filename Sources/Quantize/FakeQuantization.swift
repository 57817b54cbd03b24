import Autograd
import TensorCore

// Rounding that gradients pass (Bengio et al., arXiv 1308.3432), with learnt steps (LSQ: Esser et al., arXiv 1902.08153).
extension Variable {
    /// An activation as its bytes would have it: step · clamp(round(x / step), −zeroPoint, 255 − zeroPoint).
    ///
    /// The gradient of the step is multiplied by 1 / √(n · Q), where n is the number of elements for one image and Q the
    /// larger of zeroPoint and 255 − zeroPoint: section 2.2 of the paper, whose activations have zero point 0.
    ///
    /// - Parameters:
    ///   - step: one element; what is not above 2⁻⁶⁰ counts as that.
    ///   - zeroPoint: the byte of 0.
    /// - Returns: shape of self, [N, ...].
    func fakeQuantized(step: Variable, zeroPoint: UInt8) -> Variable {
        let quantization = AffineQuantization(scale: usableStep(step.value.scalar), zeroPoint: zeroPoint)
        let (input, stepShape) = (value, step.shape)
        let elements = value.shape[0] == 0 ? 1 : value.count / value.shape[0]
        let scale = stepGradientScale(elements: elements, levels: Int(max(zeroPoint, 255 - zeroPoint)))
        return tape.record(.learning("fakeQuantized"), value.fakeQuantized(quantization), from: [self, step]) {
            upstream in
            let (dx, dstep) = input.fakeQuantizationGradients(upstream, quantization)
            return [dx, Tensor(repeating: dstep * scale, shape: stepShape)]
        }
    }

    /// Weights as their integers would have them: for each output channel step · clamp(round(w / step), −limit, limit).
    ///
    /// The gradient of a step is multiplied by 1 / √(n · limit), where n is the number of weights of a channel.
    ///
    /// - Parameters:
    ///   - steps: [C']; self has shape [..., C'].
    ///   - limit: 127 for 8 bits.
    func fakeQuantizedWeights(steps: Variable, limit: Int) -> Variable {
        let (weights, widths, bound) = (value, steps.value.map(usableStep), Float(limit))
        let scale = stepGradientScale(elements: weights.count / max(widths.count, 1), levels: limit)
        let output = weights.roundedToSteps(widths, limit: bound)
        return tape.record(.learning("fakeQuantizedWeights"), output, from: [self, steps]) { upstream in
            let (dw, dsteps) = fakeQuantizedWeightGradients(upstream, weights, steps: widths, limit: bound)
            return [dw, dsteps * scale]
        }
    }
}

/// A step that learning pushed to 0 or beyond still has to be one.
func usableStep(_ step: Float) -> Float { max(step, 0x1p-60) }

/// 1 / √(n · Q): makes a step's update as large beside the step as a weight's beside the weight (arXiv 1902.08153, section 2.2).
func stepGradientScale(elements: Int, levels: Int) -> Float { 1 / (Float(elements) * Float(levels)).squareRoot() }

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
