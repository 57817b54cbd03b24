import TensorCore

/// DIST of each image, `ResponseLoss.correlation`: 1 − r as half the squared distance of the two centred directions, which
/// is 0 to the last bit where both agree.
///
/// - Returns: losses [N], each with the whole second term, so that their mean is the batch's loss; and the gradient of
///   their sum, [N, K].
func correlationLosses(
    student: Tensor, teacher: Tensor, temperatures: [Float], inter: Double, intra: Double
) -> (losses: Tensor, gradient: Tensor) {
    let (count, classes) = (student.shape[0], student.shape[1])
    let p = SoftRow.rows(of: student, at: temperatures).map(\.probabilities)
    let q = SoftRow.rows(of: teacher, at: temperatures).map(\.probabilities)
    let squares = temperatures.map { Double($0) * Double($0) }
    let allSquares = squares.reduce(0, +)
    var losses = [Double](repeating: 0, count: count)
    var slopes = [[Double]](repeating: [Double](repeating: 0, count: classes), count: count)
    for row in 0..<count {
        let (loss, slope) = decorrelation(p[row], q[row])
        losses[row] += inter * loss
        for k in 0..<classes { slopes[row][k] += inter * squares[row] * slope[k] }
    }
    if count > 1 {
        var whole = 0.0
        for k in 0..<classes {
            let (loss, slope) = decorrelation(p.map { $0[k] }, q.map { $0[k] })
            whole += intra * loss / Double(classes)
            // N losses have this term, each times its T².
            for row in 0..<count { slopes[row][k] += intra * slope[row] * allSquares / Double(classes) }
        }
        for row in 0..<count { losses[row] += whole }
    }
    // Through the softmax: p (slope − Σ slope · p) / T.
    let gradient = p.indices.flatMap { row in
        let mean = zip(p[row], slopes[row]).reduce(0) { $0 + $1.0 * $1.1 }
        return zip(p[row], slopes[row]).map { Float($0 * ($1 - mean) / Double(temperatures[row])) }
    }
    return (Tensor(zip(losses, squares).map { Float($0 * $1) }), Tensor(gradient, shape: student.shape))
}

/// 1 − Pearson's correlation of two vectors, and its gradient with respect to the first.
func decorrelation(_ first: [Double], _ second: [Double]) -> (loss: Double, gradient: [Double]) {
    func direction(_ vector: [Double]) -> Direction {
        let mean = vector.reduce(0, +) / Double(vector.count)
        return Direction(vector.map { $0 - mean }, floor: 1e-3)
    }
    let (a, b) = (direction(first), direction(second))
    let difference = zip(a.unit, b.unit).map { $0 - $1 }
    // Both have mean 0, and so has the gradient: nothing is left to centre.
    return (0.5 * difference.reduce(0) { $0 + $1 * $1 }, a.gradient(difference))
}
