import CKernels

/// eˣ / Σ eˣ over the last axis.
///
/// - Parameter x: [..., K].
public func softmax(_ x: Tensor) -> Tensor { mapRows("softmax", x) { rk_softmax($0, $1, $2, $3) } }

/// x − log Σ eˣ over the last axis.
///
/// - Parameter x: [..., K].
public func logSoftmax(_ x: Tensor) -> Tensor { mapRows("logSoftmax", x) { rk_log_softmax($0, $1, $2, $3) } }

/// y (upstream − Σ upstream · y) over the last axis, where y is the output of ``softmax(_:)``.
public func softmaxGradient(_ upstream: Tensor, output: Tensor) -> Tensor {
    rowGradient("softmaxGradient", upstream, output) { upstream, y, out, columns in
        var dot: Float = 0
        for column in 0..<columns { dot += upstream[column] * y[column] }
        for column in 0..<columns { out[column] = y[column] * (upstream[column] - dot) }
    }
}

/// upstream − eʸ · Σ upstream over the last axis, where y is the output of ``logSoftmax(_:)``.
public func logSoftmaxGradient(_ upstream: Tensor, output: Tensor) -> Tensor {
    let probabilities = softmax(output)  // of log-probabilities: themselves, exponentiated
    return rowGradient("logSoftmaxGradient", upstream, probabilities) { upstream, p, out, columns in
        var sum: Float = 0
        for column in 0..<columns { sum += upstream[column] }
        for column in 0..<columns { out[column] = upstream[column] - p[column] * sum }
    }
}

/// Cross-entropy of each row: −Σ target · log softmax(logits).
///
/// - Parameters:
///   - logits: [N, K].
///   - targets: class probabilities [N, K]; rows usually sum to 1, a row of zeros has no loss.
/// - Returns: the loss of each row [N], and each loss's gradient with respect to its row of logits [N, K].
public func softmaxCrossEntropy(_ logits: Tensor, targets: Tensor) -> (losses: Tensor, gradient: Tensor) {
    let (n, k) = logits.shape.matrix(for: "softmaxCrossEntropy")
    require(
        logits.shape == targets.shape, "softmaxCrossEntropy: logits \(logits.shape), targets \(targets.shape)")
    let logProbabilities = logSoftmax(logits)
    var gradient = softmax(logits)
    var losses = Tensor(uninitialized: [n])
    let dz = gradient.mutablePointer()
    let out = losses.mutablePointer()
    for row in 0..<n {
        var loss: Float = 0
        var mass: Float = 0
        for index in (row * k)..<((row + 1) * k) {
            let target = targets.pointer[index]
            // 0 · log 0 is 0, whatever the logit.
            if target != 0 { loss -= target * logProbabilities.pointer[index] }
            mass += target
        }
        for index in (row * k)..<((row + 1) * k) { dz[index] = mass * dz[index] - targets.pointer[index] }
        out[row] = loss
    }
    return (losses, gradient)
}

private func mapRows(
    _ name: String, _ x: Tensor,
    _ kernel: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, Int) -> Void
) -> Tensor {
    require(x.shape.rank >= 1, "\(name): input has no axes")
    let columns = x.shape[x.shape.rank - 1]
    require(columns > 0, "\(name): input has shape \(x.shape), an empty last axis")
    var result = Tensor(uninitialized: x.shape)
    let out = SendablePointer(result.mutablePointer())
    Parallel.forEachRange(of: x.count / columns, by: rowsPerPiece(columns)) { rows in
        let first = rows.lowerBound * columns
        kernel(x.pointer + first, out.pointer + first, rows.count, columns)
    }
    return result
}

private func rowGradient(
    _ name: String, _ upstream: Tensor, _ output: Tensor,
    _ body: @Sendable (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
) -> Tensor {
    require(upstream.shape == output.shape, "\(name): upstream \(upstream.shape), output \(output.shape)")
    require(output.shape.rank >= 1, "\(name): output has no axes")
    let columns = output.shape[output.shape.rank - 1]
    var result = Tensor(uninitialized: output.shape)
    let out = SendablePointer(result.mutablePointer())
    Parallel.forEachRange(of: output.count / max(columns, 1), by: rowsPerPiece(columns)) { rows in
        for first in rows.map({ $0 * columns }) {
            body(upstream.pointer + first, output.pointer + first, out.pointer + first, columns)
        }
    }
    return result
}

/// Rows of one piece of parallel work: about 32 k elements, from their length alone.
func rowsPerPiece(_ columns: Int) -> Int { max(1, (1 << 15) / max(columns, 1)) }
