/// A distribution, and how the logarithms of its probabilities change with ln (1 / T).
struct Stretched {
    let row: SoftRow
    let slopes: [Double]

    /// Of log p that is u − a constant: u − Σ p u, where the constant drops out.
    init(_ row: SoftRow) {
        let mean = zip(row.probabilities, row.logarithms).reduce(0) { $0 + $1.0 * $1.1 }
        self.init(row, row.logarithms.map { $0 - mean })
    }

    init(_ row: SoftRow, _ slopes: [Double]) {
        self.row = row
        self.slopes = slopes
    }

    /// Of KL(self ‖ other).
    func divergenceSlope(from other: Stretched) -> Double {
        row.probabilities.indices.reduce(0) { sum, k in
            let difference = row.logarithms[k] - other.row.logarithms[k]
            return sum + row.probabilities[k] * (slopes[k] * difference + slopes[k] - other.slopes[k])
        }
    }
}
