import TensorCore

/// Records of comma-separated values (RFC 4180): a field in quotes may hold commas, line ends and, doubled, quotes.
/// Spaces around a field without quotes do not count, nor do empty lines.
enum CSVRecords {
    /// A record and the line that it begins in, from 1.
    struct Record: Equatable {
        let line: Int
        var fields: [String]
    }

    /// The records of a text whose lines end in `\n`.
    ///
    /// - Throws: `FormatError` for quotes that are not closed or that do not enclose a field.
    static func records(of text: String, file: String) throws(FormatError) -> [Record] {
        var records: [Record] = []
        var (line, rest) = (1, Substring(text))
        func fault(_ line: Int, _ found: String, _ expected: String) -> FormatError {
            FormatError(file: file, place: "line \(line)", found: found, expected: expected)
        }
        while !rest.isEmpty {
            var record = Record(line: line, fields: [])
            var isOpen = true
            while isOpen {
                rest = rest.drop { $0 == " " || $0 == "\t" }
                if rest.first == "\"" {
                    var field = ""
                    rest.removeFirst()
                    while true {
                        guard let end = rest.firstIndex(of: "\"") else {
                            throw fault(record.line, "a quote that nothing closes", "one at the end of its field")
                        }
                        line += rest[..<end].count { $0 == "\n" }
                        field += rest[..<end]
                        rest = rest[rest.index(after: end)...]
                        guard rest.first == "\"" else { break }
                        field += "\""
                        rest.removeFirst()
                    }
                    rest = rest.drop { $0 == " " || $0 == "\t" }
                    guard rest.first == "," || rest.first == "\n" || rest.isEmpty else {
                        throw fault(
                            line, "'\(rest.prefix(20).prefix { $0 != "\n" })' behind a field in quotes",
                            "a comma or the line's end")
                    }
                    record.fields.append(field)
                } else {
                    let field = rest.prefix { $0 != "," && $0 != "\n" }
                    rest = rest[field.endIndex...]
                    record.fields.append(String(field.reversed().drop { $0 == " " || $0 == "\t" }.reversed()))
                }
                isOpen = rest.first == ","
                if !rest.isEmpty { rest.removeFirst() }
            }
            line += 1
            if record.fields != [""] { records.append(record) }
        }
        return records
    }
}
