import Reports
import Testing

@Suite struct StatisticsTests {
    @Test(
        "a t quantile that a table does not have (NIST/SEMATECH e-Handbook, 1.3.6.7.2, upper critical values)",
        arguments: [
            (0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 3, 3.182), (0.95, 4, 2.776), (0.95, 5, 2.571),
            (0.95, 9, 2.262), (0.95, 10, 2.228), (0.95, 30, 2.042), (0.95, 100, 1.984), (0.90, 4, 2.132),
            (0.99, 4, 4.604), (0.99, 7, 3.499),
        ])
    func quantile(probability: Double, freedom: Int, expected: Double) {
        #expect(abs(StudentT.quantile(probability, freedom: freedom) - expected) < 0.0006)
    }

    @Test("an interval with n for n − 1, or without the root (by hand: 1 … 5 have the variance 2.5)")
    func interval() throws {
        let figure = Figure([3, 1, 5, 2, 4])
        #expect(figure.mean == 3 && abs(figure.sd - 1.58114) < 1e-5)
        // 2.776445 · 1.581139 / √5 = 1.963243.
        let interval = try #require(figure.interval)
        #expect(abs(interval.lowerBound - 1.036757) < 1e-5 && abs(interval.upperBound - 4.963243) < 1e-5)
        #expect(Figure([7]).interval == nil && Figure([]).interval == nil)
    }
}
