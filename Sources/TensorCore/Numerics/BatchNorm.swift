import CKernels

/// What batch normalisation found out about a batch, and what its gradient needs.
public struct BatchNormStatistics: Sendable {
    /// Mean of each channel over the batch, [C].
    public let mean: Tensor
    /// Variance of each channel over the batch, divided by the number of elements, [C].
    public let variance: Tensor
    /// 1 / √(variance + ε), [C].
    public let inverseDeviation: Tensor
}

/// Batch normalisation with the statistics of the batch (Ioffe and Szegedy, arXiv 1502.03167), optionally with a
/// residual added and negative values cut: max(scale · (x − mean) / √(variance + ε) + shift + residual, 0).
///
/// Statistics are taken in two passes, 32 rows at a time in single precision and in double above, over a partition that
/// depends on the shape alone.
///
/// - Parameters:
///   - x: [..., C], at least one element a channel.
///   - scale: [C].
///   - shift: [C].
///   - epsilon: added to the variance.
///   - residual: shape of x.
///   - relu: whether negative values are cut, last.
/// - Returns: the result, shape of x, and the batch's statistics.
public func batchNormTraining(
    _ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Float, residual: Tensor? = nil, relu: Bool = false
) -> (output: Tensor, statistics: BatchNormStatistics) {
    let (rows, channels) = requireChannels("batchNormTraining", x, [scale, shift], residual)
    require(rows > 0, "batchNormTraining: input has shape \(x.shape), no elements a channel")
    let mean = channelReduction(rows, channels, 1) { first, count, sums in
        rk_channel_sums(x.pointer + first * channels, count, channels, sums)
    }[0].map { Float($0 / Double(rows)) }
    let means = Tensor(mean)
    let variance = channelReduction(rows, channels, 1) { first, count, sums in
        rk_channel_squares(x.pointer + first * channels, means.pointer, count, channels, sums)
    }[0].map { Float($0 / Double(rows)) }
    let statistics = BatchNormStatistics(
        mean: means, variance: Tensor(variance),
        inverseDeviation: Tensor(variance.map { 1 / ($0 + epsilon).squareRoot() }))
    return (
        Normalization(x, statistics, scale: scale, shift: shift, residual: residual, relu: relu).output(), statistics
    )
}

/// Batch normalisation with given statistics, as in use.
///
/// - Parameters:
///   - x: [..., C].
///   - scale: [C].
///   - shift: [C].
///   - mean: [C].
///   - variance: [C].
///   - epsilon: added to the variance.
///   - residual: shape of x, added after normalising.
///   - relu: whether negative values are cut, last.
public func batchNormInference(
    _ x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: Float,
    residual: Tensor? = nil, relu: Bool = false
) -> Tensor {
    _ = requireChannels("batchNormInference", x, [scale, shift, mean, variance], residual)
    let statistics = BatchNormStatistics(
        mean: mean, variance: variance,
        inverseDeviation: Tensor(variance.scalars.map { 1 / ($0 + epsilon).squareRoot() }))
    return Normalization(x, statistics, scale: scale, shift: shift, residual: residual, relu: relu).output()
}

/// The gradients of ``batchNormTraining(_:scale:shift:epsilon:residual:relu:)``.
///
/// With x̂ = (x − mean) · inverse deviation and g the upstream (cut where the output was), over M elements a channel:
/// dx = scale · inverse deviation · (g − mean(g) − x̂ · mean(g · x̂)), dscale = Σ g · x̂, dshift = Σ g.
///
/// Where the output was cut is computed again from the input, so that the output need not be kept.
///
/// - Parameters:
///   - upstream: gradient with respect to the output.
///   - x: the input of the forward pass.
///   - statistics: what the forward pass returned.
///   - scale: [C].
///   - shift: [C].
///   - residual: the residual of the forward pass, if there was one.
///   - relu: whether the forward pass cut negative values.
/// - Returns: gradients with respect to input, scale, shift, and the residual if there was one.
public func batchNormTrainingGradient(
    _ upstream: Tensor, x: Tensor, statistics: BatchNormStatistics, scale: Tensor, shift: Tensor,
    residual: Tensor? = nil, relu: Bool = false
) -> (x: Tensor, scale: Tensor, shift: Tensor, residual: Tensor?) {
    require(
        upstream.shape == x.shape, "batchNormTrainingGradient: upstream \(upstream.shape), input \(x.shape)")
    let (rows, channels) = requireChannels("batchNormTrainingGradient", x, [scale, shift], residual)
    let normalization = Normalization(x, statistics, scale: scale, shift: shift, residual: residual, relu: relu)
    let sums = channelReduction(rows, channels, 2) { first, count, sums in
        normalization.withKernelForm(from: first) {
            rk_batch_norm_sums(
                upstream.pointer + first * channels, $0, count, channels, sums, sums + channels)
        }
    }
    let inverse = statistics.inverseDeviation.scalars
    let scales = scale.scalars
    var a: [Float] = []
    var b: [Float] = []
    var c: [Float] = []
    for channel in 0..<channels {
        // dx = a g + b (x − mean) + c.
        let meanOfG = sums[0][channel] / Double(rows)
        let slope = sums[1][channel] * Double(inverse[channel]) * Double(inverse[channel]) / Double(rows)
        let factor = Double(scales[channel]) * Double(inverse[channel])
        a.append(Float(factor))
        b.append(Float(-factor * slope))
        c.append(Float(-factor * meanOfG))
    }
    var dx = Tensor(uninitialized: x.shape)
    var dresidual = residual.map { Tensor(uninitialized: $0.shape) }
    let toInput = SendablePointer(dx.mutablePointer())
    let toResidual = (dresidual?.mutablePointer()).map(SendablePointer.init)
    let (ta, tb, tc) = (Tensor(a), Tensor(b), Tensor(c))
    forEachBlockOfRows(rows, channels) { first, count in
        normalization.withKernelForm(from: first) {
            rk_batch_norm_gradient(
                upstream.pointer + first * channels, $0, ta.pointer, tb.pointer, tc.pointer,
                toInput.pointer + first * channels, toResidual.map { $0.pointer + first * channels }, count, channels)
        }
    }
    let dscale = (0..<channels).map { Float(sums[1][$0] * Double(inverse[$0])) }
    return (dx, Tensor(dscale), Tensor(sums[0].map { Float($0) }), dresidual)
}

/// Σ over all axes but the last: the gradient of a bias.
///
/// - Parameter x: [..., C].
/// - Returns: [C].
public func sumOverLeadingAxes(_ x: Tensor) -> Tensor {
    require(x.shape.rank > 0, "sumOverLeadingAxes: input has no axes")
    let channels = x.shape[x.shape.rank - 1]
    let rows = channels == 0 ? 0 : x.count / channels
    return Tensor(
        channelReduction(rows, channels, 1) { first, count, sums in
            rk_channel_sums(x.pointer + first * channels, count, channels, sums)
        }[0].map { Float($0) })
}

/// Normalisation of one input: (x − mean) · factor + shift of each channel.
private struct Normalization: Sendable {
    private let x: Tensor
    private let mean, factor, shift: Tensor
    private let residual: Tensor?
    private let relu: Bool
    private var channels: Int { factor.count }

    init(
        _ x: Tensor, _ statistics: BatchNormStatistics, scale: Tensor, shift: Tensor, residual: Tensor?, relu: Bool
    ) {
        (self.x, self.residual, self.relu) = (x, residual, relu)
        (mean, factor, self.shift) = (statistics.mean, scale * statistics.inverseDeviation, shift)
    }

    func output() -> Tensor {
        var output = Tensor(uninitialized: x.shape)
        let y = SendablePointer(output.mutablePointer())
        forEachBlockOfRows(channels == 0 ? 0 : x.count / channels, channels) { first, count in
            withKernelForm(from: first) { rk_batch_norm_forward($0, y.pointer + first * channels, count, channels) }
        }
        return output
    }

    /// The kernels' view of the rows from one on.
    func withKernelForm(from row: Int, _ body: (UnsafePointer<rk_batch_norm>) -> Void) {
        let form = rk_batch_norm(
            x: x.pointer + row * channels, residual: residual.map { $0.pointer + row * channels },
            mean: mean.pointer, factor: factor.pointer, shift: shift.pointer, relu: relu ? 1 : 0)
        withUnsafePointer(to: form, body)
    }
}

private func requireChannels(
    _ operation: String, _ x: Tensor, _ perChannel: [Tensor], _ residual: Tensor?
) -> (rows: Int, channels: Int) {
    require(x.shape.rank >= 2, "\(operation): input has shape \(x.shape), [..., C] expected")
    let channels = x.shape[x.shape.rank - 1]
    for tensor in perChannel {
        require(
            tensor.shape == [channels],
            "\(operation): input has \(channels) channels (shape \(x.shape)), statistics have shape \(tensor.shape)")
    }
    if let residual {
        require(residual.shape == x.shape, "\(operation): residual \(residual.shape), input \(x.shape)")
    }
    return (channels == 0 ? 0 : x.count / channels, channels)
}

/// Rows of one piece of parallel work: about 32 k elements, from the shape alone.
private func rowsPerBlock(_ channels: Int) -> Int { max(32, (1 << 15) / max(channels, 1)) }

private func forEachBlockOfRows(_ rows: Int, _ channels: Int, _ body: @Sendable (_ first: Int, _ count: Int) -> Void) {
    let block = rowsPerBlock(channels)
    Parallel.forEach((rows + block - 1) / block) { piece in body(piece * block, min(block, rows - piece * block)) }
}

/// Sums per channel: each block of rows writes `kinds` rows of its own, which are added in order.
private func channelReduction(
    _ rows: Int, _ channels: Int, _ kinds: Int,
    _ body: @Sendable (_ first: Int, _ count: Int, _ sums: UnsafeMutablePointer<Double>) -> Void
) -> [[Double]] {
    let block = rowsPerBlock(channels)
    let pieces = (rows + block - 1) / block
    var parts = [Double](repeating: 0, count: pieces * kinds * channels)
    parts.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        let sums = SendablePointer(base)
        forEachBlockOfRows(rows, channels) { first, count in
            body(first, count, sums.pointer + first / block * kinds * channels)
        }
    }
    return (0..<kinds).map { kind in
        (0..<channels).map { channel in
            (0..<pieces).reduce(0) { $0 + parts[($1 * kinds + kind) * channels + channel] }
        }
    }
}
