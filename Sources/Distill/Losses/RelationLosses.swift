import TensorCore

/// ``FeatureLoss/attention``: the mean over images of ‖a / ‖a‖ − b / ‖b‖‖², where a and b are the mean squares over
/// channels at each pixel.
///
/// Maps [N, H, W, C] and [N, H, W, C'].
struct AttentionDistance: FeatureFunction {
    let name = "attention"
    let compares = ComparedParts.positions

    func loss(_ student: Tensor, _ teacher: Tensor, _ shares: ImageShares) -> (loss: Float, gradient: Tensor) {
        let (n, h, w, channels) = student.shape.nhwc(for: "attention")
        func attention(_ map: Tensor) -> UnitRows {
            let channels = map.shape[3]
            // A[N·H·W, 1] = X²[N·H·W, C] · (1 / C)[C, 1]
            let squares = (map * map).reshaped(to: [n * h * w, channels])
            return UnitRows(
                matmul(squares, Tensor(repeating: 1 / Float(channels), shape: [channels, 1])).reshaped(to: [n, h * w]))
        }
        let (own, other) = (attention(student), attention(teacher))
        let difference = own.values - other.values
        let slope = own.gradient(shares.scaling(difference, by: 2))
        let factor = slope.reshaped(to: [n, h, w, 1]).broadcast(to: student.shape)
        return (shares.sumOfSquares(difference), student * factor * (2 / Float(channels)))
    }
}

/// ``FeatureLoss/similarity``: ‖G − H‖² / N², or Σ share share (g − h)², where G and H are the rows' products with one
/// another, each row of them scaled to norm 1.
///
/// Maps [N, ...] and [N, ...].
struct SimilarityDistance: FeatureFunction {
    let name = "similarity"
    let compares = ComparedParts.images

    func loss(_ student: Tensor, _ teacher: Tensor, _ shares: ImageShares) -> (loss: Float, gradient: Tensor) {
        let rows = student.imagesAsRows
        func similarity(_ rows: Tensor) -> UnitRows {
            UnitRows(matmul(rows, rows, transposeB: true))  // G[N, N] = X[N, D] · Xᵀ
        }
        let own = similarity(rows)
        let difference = own.values - similarity(teacher.imagesAsRows).values
        let pairs = Tensor(
            shares.values.flatMap { a in shares.values.map { Float(a * $0) } }, shape: difference.shape)
        let slope = own.gradient(difference * pairs * 2)
        // dX[N, D] = (dG + dGᵀ)[N, N] · X
        let gradient = matmul(slope + slope.transposed(), rows)
        return ((difference * difference * pairs).sum(), gradient.reshaped(to: student.shape))
    }
}

/// ``FeatureLoss/relational(distance:angle:)``: distance · L_D + angle · L_A of the images as points.
///
/// Maps [N, H, W, C], averaged over pixels, or [N, C].
struct RelationalDistance: FeatureFunction {
    let name = "relational"
    let compares = ComparedParts.images
    let distance, angle: Float

    var factors: [(name: String, value: Float)] { [("distance", distance), ("angle", angle)] }

    func loss(_ student: Tensor, _ teacher: Tensor, _ shares: ImageShares) -> (loss: Float, gradient: Tensor) {
        func points(_ map: Tensor) -> Tensor { map.shape.rank == 4 ? globalAverage(map) : map.imagesAsRows }
        let (own, other) = (points(student), points(teacher))
        var loss: Float = 0
        var gradient = Tensor.zeros(own.shape)
        for (weight, function) in [(distance, distanceLoss), (angle, angleLoss)] where weight > 0 {
            let (value, slope) = function(own, other, shares.values)
            loss += weight * value
            gradient.add(slope, scaledBy: weight)
        }
        return (
            loss,
            student.shape.rank == 4
                ? globalAverageGradient(gradient, to: student.shape) : gradient.reshaped(to: student.shape)
        )
    }
}

/// The mean over all pairs of the Huber loss of distances, each set of them divided by its mean over unequal points.
private func distanceLoss(
    _ student: Tensor, _ teacher: Tensor, _ shares: [Double]
) -> (loss: Float, gradient: Tensor) {
    let rows = student.rowsInDouble
    func distances(_ rows: [[Double]]) -> (relative: [[Double]], mean: Double, count: Double) {
        let all = rows.map { a in
            rows.map { b in zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() }
        }
        let count = Double(all.reduce(0) { $0 + $1.count { $0 > 0 } })
        let mean = count > 0 ? all.joined().reduce(0, +) / count : 1
        return (all.map { $0.map { $0 / mean } }, mean, count)
    }
    let own = distances(rows)
    let other = distances(teacher.rowsInDouble).relative
    var (loss, along) = (0.0, 0.0)
    for i in rows.indices {
        for j in rows.indices {
            let (a, b, share) = (own.relative[i][j], other[i][j], shares[i] * shares[j])
            loss += huber(a - b) * share
            along += huberSlope(a - b) * share * a
        }
    }
    var gradient = rows.map { [Double](repeating: 0, count: $0.count) }
    for i in rows.indices {
        for j in rows.indices where own.relative[i][j] > 0 {
            // The mean moves with every distance. Each pair stands twice, in both with point i.
            let slope =
                huberSlope(own.relative[i][j] - other[i][j]) * shares[i] * shares[j] - along / own.count
            let factor = 2 * slope / (own.relative[i][j] * own.mean * own.mean)
            for k in rows[i].indices { gradient[i][k] += factor * (rows[i][k] - rows[j][k]) }
        }
    }
    return (Float(loss), Tensor(gradient.joined().map(Float.init), shape: student.shape))
}

/// The mean over all triples of the Huber loss of the cosine at the first point between the directions to the others.
private func angleLoss(
    _ student: Tensor, _ teacher: Tensor, _ shares: [Double]
) -> (loss: Float, gradient: Tensor) {
    let (count, size) = student.shape.matrix(for: "relational")
    var loss = 0.0
    var gradient = Tensor.zeros(student.shape)
    let pairs = Tensor(shares.flatMap { a in shares.map { Float(a * $0) } }, shape: [count, count])
    // One vertex at a time: N² angles are in memory, not N³.
    for vertex in 0..<count {
        let own = UnitRows(student - student[rows: vertex..<vertex + 1])
        let other = UnitRows(teacher - teacher[rows: vertex..<vertex + 1])
        // C[N, N] = E[N, D] · Eᵀ
        let difference =
            matmul(own.values, own.values, transposeB: true) - matmul(other.values, other.values, transposeB: true)
        for (value, pair) in zip(difference.scalars, pairs.scalars) {
            loss += huber(Double(value)) * Double(pair) * shares[vertex]
        }
        let slope = difference.map { Float(huberSlope(Double($0))) } * pairs * Float(shares[vertex])
        // dE[N, D] = 2 · dC[N, N] · E, as dC is symmetric
        let upstream = own.gradient(matmul(slope, own.values) * 2)
        gradient.add(upstream)
        let opposite = upstream.sum(axis: 0, keepingAxis: true)  // the vertex is in every difference
        gradient.withMutableSpan { span in
            for k in 0..<size { span[vertex * size + k] -= opposite[0, k] }
        }
    }
    return (Float(loss), gradient)
}
