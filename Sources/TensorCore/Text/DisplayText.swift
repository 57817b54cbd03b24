/// Text as a terminal shows it, in columns: most characters take one, those of East Asian scripts and emoji two, and
/// marks that combine with the character before them none.
extension String {
    /// The number of columns that the text takes.
    package var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The text with spaces behind it up to a width; one that is wider stays whole.
    package func padded(toColumns width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - columns))
    }

    /// As much of the text as a width holds, with an ellipsis where it was cut.
    package func cut(toColumns width: Int) -> String {
        guard columns > width else { return self }
        var (text, used) = ("", 0)
        for character in self {
            guard used + character.columns < width else { break }
            text.append(character)
            used += character.columns
        }
        return width > 0 ? text + "…" : ""
    }

    /// The text in one line, with control characters as escapes: what it can do to a terminal is to be read.
    package var shown: String { escaped(but: []) }

    /// The same text, in which only ends of lines stay as they are.
    package var shownInLines: String { escaped(but: ["\n"]) }

    /// A text in JSON with the control characters of its strings as JSON's own escapes, which mean the same.
    package var shownAsJSON: String {
        escaped(but: ["\n"]) { scalar in
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    private func escaped(
        but stays: Set<Unicode.Scalar>, as escape: (Unicode.Scalar) -> String = \.escape
    ) -> String {
        guard unicodeScalars.contains(where: { $0.isControl && !stays.contains($0) }) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            guard scalar.isControl, !stays.contains(scalar) else { return text.unicodeScalars.append(scalar) }
            text += escape(scalar)
        }
    }
}

extension Character {
    /// The columns that a terminal gives the character.
    fileprivate var columns: Int {
        guard !isASCII else { return 1 }
        // A picture is two columns wide whatever it is composed of.
        let isPicture = unicodeScalars.contains { $0.properties.isEmojiPresentation || $0.value == 0xFE0F }
        return isPicture ? 2 : unicodeScalars.reduce(0) { $0 + $1.columns }
    }
}

extension Unicode.Scalar {
    /// As Swift and other languages write it.
    fileprivate var escape: String {
        switch self {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(value, radix: 16))}"
        }
    }

    /// Controls, and formats that change the direction of what follows or end its line.
    fileprivate var isControl: Bool {
        properties.generalCategory == .control || (0x2028...0x202E).contains(value) || (0x2066...0x2069).contains(value)
    }

    fileprivate var columns: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: 0
        case .format: value == 0xAD ? 1 : 0  // the soft hyphen
        default:
            Self.joined.contains { $0.contains(value) } ? 0 : Self.wide.contains { $0.contains(value) } ? 2 : 1
        }
    }

    /// Vowels and final consonants of Hangul, which stand in the square of the consonant before them.
    private static let joined: [ClosedRange<UInt32>] = [0x1160...0x11FF, 0xD7B0...0xD7FF]

    /// Wide and fullwidth characters beside emoji: Unicode 16, EastAsianWidth.txt, in whole blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4DC0...0x4DFF,
        0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
        0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1D300...0x1D376, 0x1F200...0x1F265,
        0x20000...0x3FFFD,
    ]
}
