/// A table for a terminal: the first row is the header, the first column stands left.
struct TextTable: CustomStringConvertible {
    let rows: [[String]]

    init(rows: [[String]]) { self.rows = rows }

    /// The demo's table.
    init(_ report: DemoReport) {
        rows = [Self.header] + report.arms.map { Self.cells($0, seeds: report.seeds.count) }
    }

    static let header = ["arm", "accuracy", "parameters", "file", "images/s"]

    /// One arm's cells, as the page shows them too.
    static func cells(_ arm: DemoReport.ArmFigures, seeds: Int) -> [String] {
        let spread = seeds > 1 ? " ± \(fixed(arm.accuracy.sd, 2))" : ""
        return [
            arm.from.map { "\(arm.name) (of \($0))" } ?? arm.name, "\(fixed(arm.accuracy.mean, 2)) %\(spread)",
            grouped(arm.parameters), "\(fixed(Double(arm.bytes) / 1000, 1)) kB",
            grouped(Int(arm.imagesPerSecond.rounded())),
        ]
    }

    var description: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.enumerated().map { index, row in
            let line = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + blanks : blanks + cell
            }.joined(separator: "  ")
            let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
            return index == 0 ? "\(line)\n\(rule)" : line
        }.joined(separator: "\n")
    }
}

/// A whole number with a thin space between thousands.
func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return digits.enumerated().reduce("") { text, digit in
        let left = digits.count - digit.offset
        return text + (digit.offset > 0 && left % 3 == 0 ? "\u{202F}" : "") + String(digit.element)
    }
}
