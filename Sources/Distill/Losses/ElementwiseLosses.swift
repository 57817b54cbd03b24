import TensorCore

/// ``FeatureLoss/hint``: mean (s − t)² / mean t².
struct AdaptedDistance: FeatureFunction {
    let name = "hint"
    let compares = ComparedParts.elements

    func loss(_ student: Tensor, _ teacher: Tensor, _ shares: ImageShares) -> (loss: Float, gradient: Tensor) {
        relativeSquares(student - teacher, to: teacher, shares)
    }
}

/// The mean of squares of a difference by the images' shares, relative to the mean square of a map of all images.
private func relativeSquares(
    _ difference: Tensor, to map: Tensor, _ shares: ImageShares
) -> (loss: Float, gradient: Tensor) {
    let scale = Float(difference.shape[0]) / (meanSquare(map) * Float(max(difference.count, 1)))
    return (shares.sumOfSquares(difference) * scale, shares.scaling(difference, by: 2 * scale))
}

/// ``FeatureLoss/marginReLU``: as the hint's, with max(t, mean negative response of the channel) for t, and 0 where s ≤
/// t ≤ 0.
struct MarginDistance: FeatureFunction {
    let name = "marginReLU"
    let compares = ComparedParts.elements

    func loss(_ student: Tensor, _ teacher: Tensor, _ shares: ImageShares) -> (loss: Float, gradient: Tensor) {
        let channels = teacher.shape[teacher.shape.rank - 1]
        var sums = [Double](repeating: 0, count: channels)
        var counts = [Double](repeating: 0, count: channels)
        teacher.withSpan { span in
            for index in span.indices where span[index] < 0 {
                sums[index % channels] += Double(span[index])
                counts[index % channels] += 1
            }
        }
        let margins = zip(sums, counts).map { Float($1 > 0 ? $0 / $1 : 0) }
        var target = teacher
        target.withMutableSpan { span in
            for index in span.indices { span[index] = max(span[index], margins[index % channels]) }
        }
        var difference = student - target
        target.withSpan { target in
            difference.withMutableSpan { difference in
                for index in target.indices where target[index] <= 0 && difference[index] <= 0 { difference[index] = 0 }
            }
        }
        return relativeSquares(difference, to: target, shares)
    }
}

/// What the losses are relative to; not 0, should the map be dead.
private func meanSquare(_ map: Tensor) -> Float { max((map * map).mean(), 1e-6) }
