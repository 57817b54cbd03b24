import TensorCore

/// The first number of a text with zeros before its digits, such as 01. JSON has none (RFC 8259, section 6), and a
/// decoder only says that the text is not JSON.
struct LeadingZero {
    /// Counted from 1.
    let line: Int
    /// As errors of a policy give it: `operations[0].probability`.
    let place: String
    let number: String

    /// Looks outside of strings. The text need not be JSON otherwise.
    init?(in text: String) {
        // Of each object or array around it, what holds the next value: `.name` or `[number]`.
        var around: [Holder] = []
        var (bytes, line, word) = (text.utf8[...], 1, "")
        while let byte = bytes.first {
            switch byte {
            case UInt8(ascii: "\""): word = Self.string(&bytes)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let number = bytes.prefix { Self.numberBytes.contains($0) }
                let digits = number.drop { $0 == UInt8(ascii: "-") }
                if digits.first == UInt8(ascii: "0"), let next = digits.dropFirst().first,
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
                {
                    self.line = line
                    // Deeper than any policy goes, the line says enough.
                    place = around.count > 32 ? "" : Self.path(around)
                    self.number = String(decoding: number.prefix(20), as: UTF8.self)
                    return
                }
                bytes = bytes[number.endIndex...]
                continue
            case UInt8(ascii: "["): around.append(.array(0))
            case UInt8(ascii: "{"): around.append(.object(""))
            case UInt8(ascii: "]"), UInt8(ascii: "}"): _ = around.popLast()
            case UInt8(ascii: ":"): if case .object = around.last { around[around.count - 1] = .object(word) }
            case UInt8(ascii: ","):
                if case .array(let index) = around.last { around[around.count - 1] = .array(index + 1) }
            case 0x0A: line += 1
            default: break
            }
            bytes = bytes.dropFirst()
        }
        return nil
    }

    /// What a reader of JSON throws in place of an error without a place.
    func error(file: String) -> FormatError {
        FormatError(
            file: file, place: "line \(line)\(place.isEmpty ? "" : ": \(place)")", found: number,
            expected: "a number without leading zeros")
    }

    private enum Holder {
        case array(Int)
        case object(String)
    }

    private static let numberBytes = Set("0123456789+-.eE".utf8)

    private static func path(_ around: [Holder]) -> String {
        around.reduce("") { path, holder in
            switch holder {
            case .array(let index): "\(path)[\(index)]"
            case .object(let name): path.isEmpty ? name : "\(path).\(name)"
            }
        }
    }

    /// The content of the string that begins here, of which the closing mark is left.
    private static func string(_ bytes: inout Substring.UTF8View) -> String {
        bytes = bytes.dropFirst()
        var (end, isEscaped) = (bytes.startIndex, false)
        while end < bytes.endIndex, isEscaped || bytes[end] != UInt8(ascii: "\"") {
            isEscaped = !isEscaped && bytes[end] == UInt8(ascii: "\\")
            bytes.formIndex(after: &end)
        }
        defer { bytes = bytes[end...] }
        return String(decoding: bytes[..<end].prefix(40), as: UTF8.self)
    }
}
