import CKernels

/// Normalisation of groups of channels of each image (Wu and He, arXiv 1803.08494): with mean and variance over all
/// places and the channels of the group, (x − mean) / √(variance + epsilon) · scale + shift.
///
/// - Parameters:
///   - x: [N, ..., C].
///   - scale: [C].
///   - shift: [C].
///   - channelsInGroup: a divisor of C; 1 normalises each channel by itself (instance normalisation).
///   - epsilon: added to the variance, which is the mean of squares (biased).
public func groupNorm(_ x: Tensor, scale: Tensor, shift: Tensor, channelsInGroup: Int, epsilon: Float) -> Tensor {
    let norm = ImageNormalization("groupNorm", x, scale, channelsInGroup, epsilon)
    require(shift.shape == scale.shape, "groupNorm: scale \(scale.shape), shift \(shift.shape)")
    var result = Tensor(uninitialized: x.shape)
    let out = SendablePointer(result.mutablePointer())
    Parallel.forEach(norm.images) { image in
        let first = image * norm.size
        let statistics = norm.statistics(of: x.pointer + first)
        let (mean, factor) = (statistics.mean, Tensor(statistics.inverse.map { Float($0) }) * scale)
        let form = rk_batch_norm(
            x: x.pointer + first, residual: nil, mean: mean.pointer, factor: factor.pointer, shift: shift.pointer,
            relu: 0)
        withUnsafePointer(to: form) { rk_batch_norm_forward($0, out.pointer + first, norm.rows, norm.channels) }
    }
    return result
}

/// The gradients of ``groupNorm(_:scale:shift:channelsInGroup:epsilon:)``.
///
/// With z the normalised input and u = upstream · scale, over the M elements of a group: dx = (u − mean(u) − z ·
/// mean(u · z)) / √(variance + epsilon), dscale = Σ upstream · z, dshift = Σ upstream.
///
/// - Returns: gradients with respect to x, scale and shift.
public func groupNormGradient(
    _ upstream: Tensor, x: Tensor, scale: Tensor, channelsInGroup: Int, epsilon: Float
) -> (x: Tensor, scale: Tensor, shift: Tensor) {
    require(upstream.shape == x.shape, "groupNormGradient: upstream \(upstream.shape), input \(x.shape)")
    let norm = ImageNormalization("groupNormGradient", x, scale, channelsInGroup, epsilon)
    let (channels, scales) = (norm.channels, scale.scalars.map(Double.init))
    var dx = Tensor(uninitialized: x.shape)
    let toInput = SendablePointer(dx.mutablePointer())
    // For each image dscale, then dshift: added in the order of the images.
    var shares = [Double](repeating: 0, count: norm.images * 2 * channels)
    shares.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        let toShares = SendablePointer(base)
        Parallel.forEach(norm.images) { image in
            let first = image * norm.size
            let (mean, inverse) = norm.statistics(of: x.pointer + first)
            let shift = toShares.pointer + (2 * image + 1) * channels
            let product = toShares.pointer + 2 * image * channels
            let unused = Tensor.zeros([channels])
            let form = rk_batch_norm(
                x: x.pointer + first, residual: nil, mean: mean.pointer, factor: unused.pointer, shift: unused.pointer,
                relu: 0)
            withUnsafePointer(to: form) {
                rk_batch_norm_sums(upstream.pointer + first, $0, norm.rows, channels, shift, product)
            }
            // Σ u and Σ u (x − mean) of each group, as means.
            let sums = norm.groupMeans((0..<channels).map { shift[$0] * scales[$0] })
            let products = norm.groupMeans((0..<channels).map { product[$0] * scales[$0] })
            for channel in 0..<channels { product[channel] *= inverse[channel] }
            // dx = a upstream + b (x − mean) + c.
            let a = Tensor((0..<channels).map { Float(inverse[$0] * scales[$0]) })
            let b = Tensor((0..<channels).map { Float(-inverse[$0] * inverse[$0] * inverse[$0] * products[$0]) })
            let c = Tensor((0..<channels).map { Float(-inverse[$0] * sums[$0]) })
            withUnsafePointer(to: form) {
                rk_batch_norm_gradient(
                    upstream.pointer + first, $0, a.pointer, b.pointer, c.pointer, toInput.pointer + first, nil,
                    norm.rows, channels)
            }
        }
    }
    func total(_ kind: Int) -> Tensor {
        Tensor(
            (0..<channels).map { channel in
                Float((0..<norm.images).reduce(0) { $0 + shares[(2 * $1 + kind) * channels + channel] })
            })
    }
    return (dx, total(0), total(1))
}

/// The sizes of an input whose images are normalised by groups of channels.
private struct ImageNormalization: Sendable {
    let images, rows, channels: Int
    private let channelsInGroup: Int
    private let epsilon: Float
    /// Elements of an image.
    var size: Int { rows * channels }

    init(_ name: String, _ x: Tensor, _ scale: Tensor, _ channelsInGroup: Int, _ epsilon: Float) {
        require(
            x.shape.rank >= 2 && scale.shape == [x.shape[x.shape.rank - 1]],
            "\(name): scale \(scale.shape) for an input of \(x.shape), [C] and [N, ..., C] expected")
        require(
            channelsInGroup > 0 && scale.count % channelsInGroup == 0,
            "\(name): groups of \(channelsInGroup) of \(scale.count) channels, a divisor expected")
        (images, channels) = (x.shape[0], scale.count)
        rows = x.shape.dropFirst().dropLast().reduce(1, *)
        (self.channelsInGroup, self.epsilon) = (channelsInGroup, epsilon)
    }

    /// The mean of each channel's group, and 1 / √(variance + epsilon).
    func statistics(of image: UnsafePointer<Float>) -> (mean: Tensor, inverse: [Double]) {
        var sums = [Double](repeating: 0, count: channels)
        rk_channel_sums(image, rows, channels, &sums)
        let mean = Tensor(groupMeans(sums).map { Float($0) })
        rk_channel_squares(image, mean.pointer, rows, channels, &sums)
        return (mean, groupMeans(sums).map { 1 / ($0 + Double(epsilon)).squareRoot() })
    }

    /// For each channel the sums of its group's channels, divided by the group's elements.
    func groupMeans(_ sums: [Double]) -> [Double] {
        stride(from: 0, to: channels, by: channelsInGroup).flatMap { first in
            let total = sums[first..<first + channelsInGroup].reduce(0, +)
            return [Double](repeating: total / Double(max(rows * channelsInGroup, 1)), count: channelsInGroup)
        }
    }
}
