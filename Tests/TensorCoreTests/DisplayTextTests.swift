import Testing

@testable import TensorCore

@Suite("Text as a terminal shows it")
struct DisplayTextTests {
    /// Columns from Unicode's EastAsianWidth.txt and the habits of terminals.
    @Test(
        "Wide characters take two columns, marks none, whatever they are composed of",
        arguments: [
            ("cat", 3), ("été", 3), ("e\u{301}te\u{301}", 3), ("犬のなかま", 10), ("한글", 4),
            ("\u{1112}\u{1161}\u{11AB}", 2), ("ＡＢ", 4), ("ｱｲ", 2), ("🐱", 2), ("👩‍👩‍👧", 2), ("🇫🇷", 2), ("❤️", 2),
            ("👍🏽", 2), ("naïve – “x”", 11), ("עברית", 5), ("", 0),
        ])
    func columns(text: String, columns: Int) {
        #expect(text.columns == columns)
        #expect(text.padded(toColumns: 12).columns == 12)
        #expect(text.padded(toColumns: 12).hasPrefix(text), "padding never cuts")
        #expect(text.padded(toColumns: 1).hasPrefix(text))
    }

    @Test("What is too wide is cut between characters, never within one, and never wider than asked for")
    func cut() {
        #expect("elephant".cut(toColumns: 5) == "elep…" && "cat".cut(toColumns: 3) == "cat")
        #expect("犬のなかま".cut(toColumns: 6) == "犬の…" && "👩‍👩‍👧👩‍👩‍👧".cut(toColumns: 3) == "👩‍👩‍👧…")
        for width in 0...12 { #expect("a犬b🐱c한글".cut(toColumns: width).columns <= width) }
        #expect("cat".cut(toColumns: 0).isEmpty && "cat".cut(toColumns: -3).isEmpty)
    }

    @Test("Control characters, and formats that turn text around, are to be read and not obeyed")
    func controls() {
        #expect("a\nb\r\t\u{1B}[31m\u{7F}\u{9B}".shown == "a\\nb\\r\\t\\u{1b}[31m\\u{7f}\\u{9b}")
        #expect("user\u{202E}gnp.exe\u{2066}\u{2028}".shown == "user\\u{202e}gnp.exe\\u{2066}\\u{2028}")
        #expect("a\r\nb\u{1B}".shownInLines == "a\\r\nb\\u{1b}")
        #expect("{\n\"a\u{7F}\u{202E}\"}".shownAsJSON == "{\n\"a\\u007f\\u202e\"}")
        #expect("👩‍👩‍👧 é 犬".shown == "👩‍👩‍👧 é 犬")
    }
}
