import Testing

@testable import Reports

@Suite struct ChartTests {
    @Test(
        "Numbers at an axis differ and enclose the values, of which all may be equal",
        arguments: [(35.25, 35.25), (0, 0), (98.9, 98.95), (-2, -2), (0.001, 12)])
    func axis(low: Double, high: Double) {
        let ticks = LineChart.ticks(LineChart.range(from: low, to: high))
        let texts = ticks.map { fixed($0, LineChart.decimals(ticks)) }
        #expect(Set(texts).count == ticks.count && ticks.count >= 2, "\(texts)")
        #expect(ticks.first ?? .infinity <= low && ticks.last ?? -.infinity >= high)
    }
}
