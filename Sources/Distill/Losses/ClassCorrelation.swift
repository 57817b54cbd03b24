import TensorCore

/// ``ResponseLoss/correlation(inter:intra:)``, DIST: 1 − r as half the squared distance of the two centred directions,
/// which is 0 to the last bit where both agree.
struct ClassCorrelation: SoftenedFunction {
    let inter, intra: Float

    func check() throws {
        try check("inter", inter)
        try check("intra", intra)
    }

    /// Each loss has the whole second term, so that their mean is the batch's loss.
    func rows(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> (losses: Tensor, gradient: Tensor) {
        let (inter, intra) = (Double(inter), Double(intra))
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

    /// Image by image, each with the whole second term.
    func stretches(_ own: [Stretched], _ teacher: [Stretched], labels: [Int?]?) -> [Double] {
        let (inter, intra, p, q) = (Double(inter), Double(intra), own, teacher)
        func slope(_ a: [Double], _ da: [Double], _ b: [Double], _ db: [Double]) -> Double {
            let (toA, toB) = (decorrelation(a, b).gradient, decorrelation(b, a).gradient)
            return a.indices.reduce(0) { $0 + toA[$1] * da[$1] + toB[$1] * db[$1] }
        }
        func changes(_ rows: [Stretched]) -> [[Double]] {
            rows.map { zip($0.row.probabilities, $0.slopes).map { $0 * $1 } }
        }
        let (a, b) = (p.map(\.row.probabilities), q.map(\.row.probabilities))
        let (da, db) = (changes(p), changes(q))
        var whole = 0.0
        if p.count > 1 {
            for k in a[0].indices {
                whole += slope(a.map { $0[k] }, da.map { $0[k] }, b.map { $0[k] }, db.map { $0[k] })
            }
            whole *= intra / Double(a[0].count)
        }
        return a.indices.map { inter * slope(a[$0], da[$0], b[$0], db[$0]) + whole }
    }
}

/// 1 − Pearson's correlation of two vectors, and its gradient with respect to the first.
private func decorrelation(_ first: [Double], _ second: [Double]) -> (loss: Double, gradient: [Double]) {
    func direction(_ vector: [Double]) -> Direction {
        let mean = vector.reduce(0, +) / Double(vector.count)
        return Direction(vector.map { $0 - mean }, floor: 1e-3)
    }
    let (a, b) = (direction(first), direction(second))
    let difference = zip(a.unit, b.unit).map { $0 - $1 }
    // Both have mean 0, and so has the gradient: nothing is left to centre.
    return (0.5 * difference.reduce(0) { $0 + $1 * $1 }, a.gradient(difference))
}
