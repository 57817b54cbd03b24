/// A quantity that was measured several times, once for each seed of a random generator.
public struct Figure: Codable, Equatable, Sendable {
    /// The arithmetic mean; 0 where there are no values.
    public let mean: Double
    /// The sample standard deviation (division by n − 1); 0 for fewer than two values.
    public let sd: Double
    /// The measured values.
    public let values: [Double]

    /// Computes the mean and the standard deviation of values.
    public init(_ values: [Double]) {
        self.values = values
        let average = values.reduce(0, +) / Double(max(1, values.count))
        let squares = values.reduce(0) { $0 + ($1 - average) * ($1 - average) }
        mean = average
        sd = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
    }

    /// The 95 % confidence interval of the mean by Student's t, for values that are drawn from one normal distribution.
    ///
    /// Fewer than two values have none.
    public var interval: ClosedRange<Double>? {
        guard values.count > 1 else { return nil }
        let half = StudentT.quantile(freedom: values.count - 1) * sd / Double(values.count).squareRoot()
        return mean - half...mean + half
    }
}
