import Reports
import TensorCore
import Testing

@Suite struct PageTests {
    @Test("A page that loads something from elsewhere, runs a script, or takes a name for markup")
    func page() {
        let chart = LineChart(
            title: "a < b", unit: "percent", series: [.init(name: "'quoted' & <b>", colour: 3, values: [1, .nan, 3])])
        let html = ReportPage(
            title: "</title><script>", body: chart.html + ReportPage.table([["<i>", "1"], ["r", "&"]])
        )
        .html
        #expect(html.hasPrefix("<!doctype html>") && html.hasSuffix("</html>\n"))
        for forbidden in ["<script", "http", "src=", "<link", "<i>", "<b>", "a < b", "nan"] {
            #expect(!html.replacing("<b>3.00</b>", with: "").contains(forbidden), "\(forbidden)")
        }
        #expect(html.contains("&#39;quoted&#39; &amp; &lt;b&gt;") && html.contains("<td>&amp;</td>"))
    }

    @Test("A value that is not finite leaves a gap and not a place on the picture; the line stays within the plot")
    func lines() throws {
        let svg = LineChart(
            title: "t", unit: "u", series: [.init(name: "n", colour: 0, values: [0, .infinity, 10])], bounds: 2...8
        ).html
        let points = try #require(svg.firstMatch(of: /points='([^']*)'/)?.output.1)
        // The plot is 720 × 280 with margins of 52, 12, 10 and 30; both values lie beyond the bounds.
        #expect(points == "52.0,250.0 708.0,10.0")
    }

    @Test("A table's columns stand under one another whatever is in the cells, and no cell ends the line")
    func wideCells() {
        let rows = [
            ["name", "n"], ["犬のなかま", "1"], ["🐱", "20"], ["e\u{301}te\u{301}", "3"], ["a\nb\u{1B}[31m", "4"],
        ]
        let lines = TextTable(rows: rows).description.split(separator: "\n").map(String.init)
        #expect(lines.count == 6 && Set(lines.map(\.columns)).count == 1)
        #expect(lines[5].hasPrefix("a\\nb\\u{1b}[31m"))
    }

    @Test("Columns of a text table that do not line up, or whose rule is of another length")
    func table() {
        let text = TextTable(rows: [["name", "n"], ["a", "100"], ["longer", "7"]]).description
        #expect(text == "name      n\n───────────\na       100\nlonger    7")
    }

    @Test("Numbers in words: thousands, shares, needless decimals")
    func words() throws {
        #expect([0, 999, 1000, 1_234_567].map(grouped) == ["0", "999", "1\u{202F}000", "1\u{202F}234\u{202F}567"])
        #expect([percent(0.12345), fixed(2.005, 1), shortest(2), shortest(2.5)] == ["12.3 %", "2.0", "2", "2.5"])
        #expect(try jsonLine(["b": 1, "a": 2]) == #"{"a":2,"b":1}"#)
    }
}
