import Foundation
import TensorCore

/// Reads JSON (RFC 8259) from its bytes in one pass, so that of a large file nothing is kept but what is asked for.
struct JSONScanner {
    /// A number as it stands in the text, whose digits say how it was rounded.
    struct Number {
        let value: Double
        let text: Substring
    }

    private let bytes: UnsafeRawBufferPointer
    private let file: String
    /// Of the next byte.
    private(set) var position: Int
    /// Where in the file the scanner is, as errors have it.
    var place = ""
    private static let deepest = 512

    /// - Parameters:
    ///   - position: of the first byte that is read.
    ///   - file: what errors call it.
    init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0, file: String) {
        (self.bytes, self.position, self.file) = (bytes, position, file)
    }

    /// Reads an object, and calls the closure with the name of each member, whose value it must read or skip.
    mutating func object(_ member: (_ name: String, _ scanner: inout JSONScanner) throws -> Void) throws {
        try begin("{", "an object")
        guard try peek() != UInt8(ascii: "}") else { return advance() }
        repeat {
            let name = try string()
            try take(":")
            try member(name, &self)
        } while try hasNext(before: "}")
    }

    /// Reads an array, and calls the closure for each element, which it must read or skip.
    mutating func array(_ element: (_ scanner: inout JSONScanner) throws -> Void) throws {
        try begin("[", "an array")
        guard try peek() != UInt8(ascii: "]") else { return advance() }
        repeat { try element(&self) } while try hasNext(before: "]")
    }

    /// Reads an array of numbers.
    mutating func numbers() throws -> [Number] {
        var numbers: [Number] = []
        try array { numbers.append(try $0.number()) }
        return numbers
    }

    mutating func number() throws -> Number {
        let text = String(decoding: bytes[try numberBytes()], as: UTF8.self)[...]
        guard let value = Double(text), value.isFinite else { throw error("'\(text.prefix(20))'", "a finite number") }
        return Number(value: value, text: text)
    }

    /// Reads a whole number; 3.0 is one.
    mutating func whole() throws -> Int {
        let number = try number()
        guard let value = Int(exactly: number.value) else {
            throw error("'\(number.text.prefix(20))'", "a whole number")
        }
        return value
    }

    mutating func string() throws -> String {
        guard try peek() == UInt8(ascii: "\"") else { throw error(try found(), "text in quotation marks") }
        let start = position
        let isPlain = try skipString()
        guard !isPlain else { return String(decoding: bytes[start + 1..<position - 1], as: UTF8.self) }
        let quoted = Data([UInt8(ascii: "[")] + bytes[start..<position] + [UInt8(ascii: "]")])
        guard let texts = try? JSONDecoder().decode([String].self, from: quoted), let text = texts.first else {
            throw error("a text with an escape that JSON does not have", "text")
        }
        return text
    }

    /// Whether the next value begins with the character.
    mutating func isNext(_ character: Unicode.Scalar) throws -> Bool { try peek() == UInt8(ascii: character) }

    /// Reads over a value of any kind.
    mutating func skip() throws { try skip(depth: 0) }

    private mutating func skip(depth: Int) throws {
        guard depth < Self.deepest else { throw error("more than \(Self.deepest) values in one another", "fewer") }
        switch try peek() {
        case UInt8(ascii: "{"): try object { try $1.skip(depth: depth + 1) }
        case UInt8(ascii: "["): try array { try $0.skip(depth: depth + 1) }
        case UInt8(ascii: "\""): _ = try skipString()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: _ = try numberBytes()
        }
    }

    /// Makes sure that nothing follows.
    mutating func end() throws {
        skipSpace()
        guard position == bytes.count else { throw error(try found(), "the end of the file") }
    }

    /// What is wrong at the place.
    func error(_ found: String, _ expected: String) -> FormatError {
        FormatError(
            file: file, place: place.isEmpty ? "at byte \(position)" : place, found: found, expected: expected)
    }

    // MARK: Bytes

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// Reads over what may be a number.
    private mutating func numberBytes() throws -> Range<Int> {
        switch try peek() {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
        default: throw error(try found(), "a number")
        }
        let start = position
        while position < bytes.count, Self.isOfNumber(bytes[position]) { position += 1 }
        return start..<position
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func advance() { position += 1 }

    /// The next byte that is no space.
    private mutating func peek() throws -> UInt8 {
        skipSpace()
        guard position < bytes.count else { throw error("the end of the file", "more of it: it may be cut off") }
        return bytes[position]
    }

    private mutating func begin(_ character: Unicode.Scalar, _ expected: String) throws {
        guard try peek() == UInt8(ascii: character) else { throw error(try found(), expected) }
        advance()
    }

    private mutating func take(_ character: Unicode.Scalar) throws { try begin(character, "'\(character)'") }

    private mutating func hasNext(before end: Unicode.Scalar) throws -> Bool {
        let byte = try peek()
        guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: end) else {
            throw error(try found(), "',' or '\(end)'")
        }
        advance()
        return byte == UInt8(ascii: ",")
    }

    /// Reads over a text, and says whether it has no escape.
    private mutating func skipString() throws -> Bool {
        advance()
        var isPlain = true
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                advance()
                return isPlain
            case UInt8(ascii: "\\"):
                isPlain = false
                position += 2
            default: advance()
            }
        }
        position = bytes.count
        throw error("the end of the file", "more of it: it may be cut off")
    }

    private mutating func word(_ text: String) throws {
        guard bytes[position...].starts(with: text.utf8) else { throw error(try found(), "a value") }
        position += text.utf8.count
    }

    /// What stands here, as errors quote it.
    private mutating func found() throws -> String {
        switch try peek() {
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "an array"
        default:
            "'"
                + String(decoding: bytes[position...].prefix { !",]}\n".utf8.contains($0) }.prefix(20), as: UTF8.self)
                + "'"
        }
    }
}
