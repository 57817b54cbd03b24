import TensorCore

/// A table for a terminal: the first row is the header, the first column is aligned to the left, others to the right.
///
/// Widths are those that a terminal gives characters, and control characters are written as escapes.
public struct TextTable: CustomStringConvertible {
    /// The cells, as many in each row.
    public let rows: [[String]]

    /// Creates a table of at least one row.
    public init(rows: [[String]]) { self.rows = rows }

    public var description: String {
        let rows = rows.map { $0.map(\.shown) }
        let widths = rows[0].indices.map { column in rows.map { $0[column].columns }.max() ?? 0 }
        return rows.enumerated().map { index, row in
            let line = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.columns)
                return column == 0 ? cell + blanks : blanks + cell
            }.joined(separator: "  ")
            let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
            return index == 0 ? "\(line)\n\(rule)" : line
        }.joined(separator: "\n")
    }
}
