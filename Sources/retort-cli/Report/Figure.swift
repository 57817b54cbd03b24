/// Mean, sample standard deviation (0 for one value) and the values, one a seed.
struct Figure: Codable, Equatable {
    let mean: Double
    let sd: Double
    let values: [Double]

    init(_ values: [Double]) {
        self.values = values
        let average = values.reduce(0, +) / Double(max(1, values.count))
        let squares = values.reduce(0) { $0 + ($1 - average) * ($1 - average) }
        mean = average
        sd = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
    }

    /// The 95 % confidence interval of the mean by Student's t, for values that are drawn from one normal distribution; nil for
    /// fewer than two.
    var interval: ClosedRange<Double>? {
        guard values.count > 1 else { return nil }
        let half = StudentT.quantile(freedom: values.count - 1) * sd / Double(values.count).squareRoot()
        return mean - half...mean + half
    }
}
