import Foundation
import TestSupport
import Testing

@testable import TensorCore

@Suite("Text from outside")
struct TextFileTests {
    private func text(_ bytes: [UInt8]) throws -> String { try TextFile.decoded(bytes, file: "t.yaml") }

    @Test("A byte order mark is dropped, and lines end in one character whatever they ended in")
    func marksAndEnds() throws {
        #expect(try text([0xEF, 0xBB, 0xBF] + Array("a: é\n".utf8)) == "a: é\n")
        #expect(try text(Array("a\r\nb\rc\nd\r\r\n".utf8)) == "a\nb\nc\nd\n\n")
        #expect(try text([]).isEmpty)
        // Inside a text the mark is a character like others.
        #expect(try text(Array("a\u{FEFF}".utf8)) == "a\u{FEFF}")
    }

    @Test("UTF-16 and UTF-32, with a mark and without, are refused by their names")
    func otherEncodings() throws {
        for (encoding, name) in [
            (String.Encoding.utf16, "UTF-16"), (.utf16LittleEndian, "UTF-16"), (.utf16BigEndian, "UTF-16"),
            (.utf32, "UTF-32"), (.utf32LittleEndian, "UTF-32"), (.utf32BigEndian, "UTF-32"),
        ] {
            for content in ["steps: 7\n", "s"] {
                let bytes = try #require(content.data(using: encoding))
                let error = #expect(throws: FormatError.self) { try TextFile.decoded(bytes, file: "t.yaml") }
                #expect(error?.found == "text in \(name)", "\(encoding) \(content)")
            }
        }
    }

    @Test("Files of other kinds are told as such, also where their first bytes are UTF-8")
    func otherKinds() {
        for (bytes, found) in [
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "a PNG file"),
            ([3, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), "a safetensors file"),
            ([0x41, 0x42, 0, 0x43], "bytes 41 42 00 43"),
        ] as [([UInt8], String)] {
            let error = #expect(throws: FormatError.self) { try TextFile.decoded(bytes, file: "r") }
            #expect(error?.description == "r: \(found) found, text in UTF-8 expected")
        }
    }

    @Test("Bytes that are no UTF-8 are shown with their line, cut short and stray ones too")
    func badBytes() throws {
        for (bytes, place, shown) in [
            (Array("a: 1\nb: caf".utf8) + [0xE9, 0x0A], "line 2", "'b: caf\\xe9'"),
            ([0xEF, 0xBB, 0xBF, 0xC3], "line 1", "'\\xc3'"),
            (Array("é\r\nx\r".utf8) + [0xFF], "line 3", "'\\xff'"),
            (Array("y".utf8) + [0xED, 0xA0, 0x80], "line 1", "'y\\xed\\xa0\\x80'"),
        ] as [([UInt8], String, String)] {
            let error = #expect(throws: FormatError.self) { try text(bytes) }
            #expect(error?.place == place && error?.found.hasPrefix(shown) == true, "\(error?.description ?? "")")
        }
    }

    @Test(
        "Whole numbers are digits: what YAML 1.1 would read as octal, binary, grouped or base 60 is told apart",
        arguments: [
            ("0", nil), ("100", nil), ("-5", nil), ("+5", nil), ("18446744073709551615", nil),
            ("0100", "a whole number without leading zeros"), ("-007", "a whole number without leading zeros"),
            ("00", "a whole number without leading zeros"), ("1_000", "a whole number in digits alone"),
            ("1:30", "a whole number in digits alone"), ("0x1F", "a whole number in digits alone"),
            ("0o17", "a whole number in digits alone"), ("0b11", "a whole number in digits alone"),
            ("2.5", "a whole number"), ("many", "a whole number"), ("", "a whole number"), ("-", "a whole number"),
            ("٣", "a whole number"),
        ])
    func wholeNumbers(text: String, expectation: String?) {
        #expect(WholeNumber.expectation(of: text) == expectation)
    }

    @Test("A whole number beyond its range, or beyond all that its type holds, is told the range")
    func wholeNumberRanges() {
        let (steps, any) = (WholeNumber.Range(1...100), WholeNumber.Range(of: UInt64.self))
        for (text, range, expectation) in [
            ("1", steps, nil), ("+100", steps, nil), ("0", steps, "1 to 100"), ("101", steps, "1 to 100"),
            ("-1", steps, "1 to 100"), ("99999999999999999999", steps, "1 to 100"),
            ("007", steps, "a whole number without leading zeros"), ("x", steps, "a whole number"),
            ("18446744073709551615", any, nil), ("18446744073709551616", any, "0 to 18446744073709551615"),
            ("-1", any, "0 to 18446744073709551615"),
        ] {
            #expect(WholeNumber.expectation(of: text, within: range) == expectation, "\(text)")
        }
    }
}
