/// A page of HTML that needs no other file and no script, legible on light and dark ground.
public struct ReportPage {
    /// What the browser's tab shows.
    public let title: String
    /// The content of the page's `main` element.
    public let body: String

    /// Creates a page.
    ///
    /// - Parameters:
    ///   - title: plain text.
    ///   - body: HTML, such as a ``LineChart/html`` or a ``table(_:)``; plain text in it goes through ``escaped(_:)``.
    public init(title: String, body: String) {
        self.title = title
        self.body = body
    }

    /// The whole page.
    public var html: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escaped(title))</title><style>\(Self.style)</style></head><body><main>
        \(body)
        </main></body></html>

        """
    }

    /// A table whose first row is the header and whose first column names the rows.
    public static func table(_ rows: [[String]]) -> String {
        func line(_ row: [String], _ tag: String) -> String {
            "<tr><th scope='row'>\(escaped(row[0]))</th>"
                + row.dropFirst().map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        return """
            <div class="scroll"><table class="arms"><thead>\(line(rows[0], "th"))</thead><tbody>
            \(rows.dropFirst().map { line($0, "td") }.joined(separator: "\n"))
            </tbody></table></div>
            """
    }
}
