import Graph
import TensorCore

/// Rounds a layer's weights so that its sums, not its weights, change least.
///
/// For a channel with weights w, rounded to q, the square error of its sums is (w − q)ᵀ H (w − q), where H are the
/// second moments of its inputs. With H = L Lᵀ it is Σᵢ (Lᵢᵢ eᵢ + Σⱼ﹥ᵢ Lⱼᵢ eⱼ)², e = w − q, so that, from the last
/// weight to the first, the best integer for weight i given those already chosen is that next to wᵢ + Σⱼ﹥ᵢ Lⱼᵢ eⱼ /
/// Lᵢᵢ. This is GPTQ (Frantar et al., arXiv 2210.17323) without its inverse, by Chen et al. (arXiv 2507.18553); its
/// equal is the nearest plane algorithm of Babai. Inputs with the greatest second moments come first, whose errors the
/// others can still make up for.
///
/// - Parameters:
///   - weights: [..., C / groups, C'], or [in, out].
///   - steps: [C'].
///   - limit: the greatest integer.
///   - moments: [groups, K, K] from `convolution2DPatchMoments`.
/// - Returns: multiples of the steps, shape of the weights.
/// - Throws: `LinearAlgebraError` for moments that are not finite.
func secondOrderRounded(_ weights: Tensor, steps: [Float], limit: Float, moments: Tensor) throws -> Tensor {
    let (groups, size) = (moments.shape[0], moments.shape[1])
    let channels = steps.count / groups
    var values = weights.scalars
    for group in 0..<groups {
        let own = moments[rows: group..<group + 1].reshaped(to: [size, size])
        let order = (0..<size).sorted { (own[$0, $0], $0) < (own[$1, $1], $1) }
        let damped = own.selecting(order, addingToDiagonal: own.damping)
        let factor = try cholesky(damped).transposed().scalars  // Lⱼᵢ at i · K + j
        for first in stride(from: 0, to: channels, by: Lanes.scalarCount) {
            let lanes = min(Lanes.scalarCount, channels - first)
            var errors = [Lanes](repeating: .zero, count: size)
            for place in (0..<size).reversed() {
                var carried = Lanes.zero
                for later in place + 1..<size { carried += factor[place * size + later] * errors[later] }
                let change = carried / factor[place * size + place]
                for lane in 0..<lanes {
                    let channel = group * channels + first + lane
                    let at = order[place] * steps.count + channel
                    let wanted = values[at] + change[lane]
                    let result = steps[channel] * WeightRounding.rounded(wanted / steps[channel], limit: limit)
                    errors[place][lane] = values[at] - result
                    values[at] = result
                }
            }
        }
    }
    return Tensor(values, shape: weights.shape)
}

/// Channels that are rounded side by side.
private typealias Lanes = SIMD8<Float>
