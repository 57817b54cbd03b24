/// A reading position in the text header of a binary file; errors name the byte of the file.
///
/// The headers that we read have a fixed form, so they are read token by token, without a tree and without recursion:
/// deep nesting is simply not the token that was expected.
struct HeaderCursor {
    let file: String
    private let bytes: [UInt8]
    /// Where the header begins in the file.
    private let origin: Int
    private(set) var position = 0

    /// - Parameter text: UTF-8, already validated.
    init(_ text: [UInt8], origin: Int, file: String) {
        bytes = text
        self.origin = origin
        self.file = file
    }

    /// An error here: what is found is the next few characters.
    func unexpected(_ expected: String) -> FormatError {
        guard position < bytes.count else { return error(found: "end of header", expected: expected) }
        let next = bytes[position...].prefix(12).prefix { $0 >= 0x20 }
        let text = String(decoding: next, as: UTF8.self)
        return error(found: text.isEmpty ? "byte \(bytes[position])" : "`\(text)`", expected: expected)
    }

    func error(found: String, expected: String) -> FormatError {
        FormatError(file: file, place: "at byte \(origin + position)", found: found, expected: expected)
    }

    /// The next byte that is no space, without taking it; nil at the end.
    mutating func peek() -> UInt8? {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        return position < bytes.count ? bytes[position] : nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    /// Takes the character if it is next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let next = peek(), UInt32(next) == character.value else { return false }
        position += 1
        return true
    }

    /// Takes the character, which must be next.
    mutating func expect(_ character: Unicode.Scalar) throws(FormatError) {
        guard take(character) else { throw unexpected("`\(character)`") }
    }

    /// Takes a word if it is next.
    mutating func take(word: String) -> Bool {
        guard peek() != nil, bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    /// A non-negative decimal integer without sign, fraction, exponent or leading zeros.
    mutating func integer() throws(FormatError) -> Int {
        guard let first = peek(), (0x30...0x39).contains(first) else { throw unexpected("a non-negative integer") }
        let start = position
        var value = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
            guard !overflow, !carry else {
                position = start
                throw error(found: "an integer beyond 2⁶³", expected: "a size in bytes or elements")
            }
            value = sum
            position += 1
        }
        guard position == start + 1 || first != 0x30 else {
            position = start
            throw unexpected("an integer without leading zeros")
        }
        if position < bytes.count, [0x2E, 0x45, 0x65].contains(bytes[position]) { throw unexpected("an integer") }
        return value
    }

    /// A list of non-negative integers between the two brackets, separated by commas.
    ///
    /// - Parameter trailingComma: whether one may follow the last, as in Python's `(3,)`.
    mutating func integers(
        _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, trailingComma: Bool = false
    ) throws(FormatError) -> [Int] {
        try expect(opening)
        var values: [Int] = []
        if take(closing) { return values }
        while true {
            values.append(try integer())
            if take(closing) { return values }
            try expect(",")
            if trailingComma, take(closing) { return values }
        }
    }

    /// The text up to the next quote of the same kind, without escapes: Python's simplest string.
    mutating func plainString() throws(FormatError) -> String {
        guard let quote = peek(), quote == 0x27 || quote == 0x22 else { throw unexpected("a string") }
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote {
            guard bytes[position] >= 0x20, bytes[position] != 0x5C else { throw unexpected("a plain string") }
            position += 1
        }
        guard position < bytes.count else { throw unexpected("a closing quote") }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A JSON string (RFC 8259, section 7), with its escapes resolved.
    mutating func jsonString() throws(FormatError) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while true {
            guard position < bytes.count, bytes[position] >= 0x20 else { throw unexpected("a character or `\"`") }
            let byte = bytes[position]
            if byte == 0x22 { break }
            if byte == 0x5C {
                text.append(contentsOf: String(try escape()).utf8)
            } else {
                text.append(byte)
                position += 1
            }
        }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private static let escapes: [UInt8: Unicode.Scalar] = [
        0x22: "\"", 0x5C: "\\", 0x2F: "/", 0x62: "\u{8}", 0x66: "\u{C}", 0x6E: "\n", 0x72: "\r", 0x74: "\t",
    ]

    private mutating func escape() throws(FormatError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard position < bytes.count else { throw unexpected("an escape") }
        if let plain = Self.escapes[bytes[position]] {
            position += 1
            return plain
        }
        guard bytes[position] == 0x75 else { throw unexpected("an escape") }
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code), position + 1 < bytes.count, bytes[position] == 0x5C,
            bytes[position + 1] == 0x75
        {
            position += 1
            let low = try hexadecimal()
            // Not a low surrogate: the pair stays no scalar and is refused below.
            if (0xDC00..<0xE000).contains(low) { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
        }
        guard let scalar = Unicode.Scalar(code) else {
            position = start
            throw unexpected("a Unicode character")
        }
        return scalar
    }

    /// The four digits after `u`, which is next.
    private mutating func hexadecimal() throws(FormatError) -> UInt32 {
        position += 1
        guard position + 4 <= bytes.count,
            bytes[position..<position + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw unexpected("four hexadecimal digits") }
        position += 4
        return code
    }
}
