import Foundation

/// Reads text from outside the program; every reader of text goes through here.
public enum TextFile {
    /// The text of a file in UTF-8, whose lines end in `\n`.
    ///
    /// - Throws: what ``InputFile/read(_:)`` throws, and `FormatError` as ``decoded(_:file:)`` does.
    public static func read(_ url: URL) throws -> String { try decoded(InputFile.read(url), file: url.pathAsGiven) }

    /// Bytes as the text that they are in UTF-8. A byte order mark is dropped, and lines end in `\n` whether they ended
    /// in CR, LF or both.
    ///
    /// - Parameter file: what errors call it.
    /// - Throws: `FormatError` for UTF-16 and UTF-32 by their names, and for bytes that are no UTF-8 with their line.
    public static func decoded(_ bytes: some Collection<UInt8>, file: String) throws(FormatError) -> String {
        let start = Array(bytes.prefix(FileKind.startSize))
        // Whose first bytes are a small number, as UTF-32 is.
        if let other = otherEncoding(Array(start.prefix(4))), FileKind(start) != .safetensors {
            throw FormatError(
                file: file, found: "text in \(other)", expected: "text in UTF-8",
                advice: "save it in UTF-8, or by iconv -t UTF-8")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes.dropFirst(0)
        let text = String(validating: content, as: UTF8.self)
        if text == nil || start.contains(0) {
            let kind = FileKind(start)
            guard kind == .text || text == nil && kind.isUnknown else {
                throw FormatError(file: file, found: kind.singular, expected: "text in UTF-8", advice: kind.advice)
            }
        }
        guard let text else { throw fault(Array(content), file) }
        guard text.utf8.contains(0x0D) else { return text }
        var (ended, isAfterCR) = ([UInt8](), false)
        for byte in text.utf8 {
            if byte != 0x0A || !isAfterCR { ended.append(byte == 0x0D ? 0x0A : byte) }
            isAfterCR = byte == 0x0D
        }
        return String(decoding: ended, as: UTF8.self)
    }

    /// What text in another encoding of Unicode begins with: its mark, or an ASCII character and the zeros around it.
    private static func otherEncoding(_ start: [UInt8]) -> String? {
        switch start {
        case [0xFF, 0xFE, 0, 0], [0, 0, 0xFE, 0xFF]: return "UTF-32"
        case _ where start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]): return "UTF-16"
        default: break
        }
        switch start.map({ $0 == 0 }) {
        case [false, true, true, true], [true, true, true, false]: return "UTF-32"
        case [false, true, false, true], [true, false, true, false], [false, true], [true, false]: return "UTF-16"
        default: return nil
        }
    }

    /// The line of the first bytes that are no UTF-8, and what stands there.
    private static func fault(_ bytes: [UInt8], _ file: String) -> FormatError {
        var (codec, rest, place) = (UTF8(), bytes.makeIterator(), 0)
        while case .scalarValue(let scalar) = codec.decode(&rest) { place += UTF8.width(scalar) }
        let start = bytes[..<place].lastIndex { $0 == 0x0A || $0 == 0x0D }.map { $0 + 1 } ?? 0
        let line = bytes[start...].prefix { $0 != 0x0A && $0 != 0x0D }
        // As much of the line as a person needs to find the place.
        let shown = line.dropFirst(max(0, place - start - 30)).prefix(60)
        let ends = bytes[..<start].indices.count { index in
            bytes[index] == 0x0A || (bytes[index] == 0x0D && bytes[index + 1] != 0x0A)
        }
        return FormatError(
            file: file, place: "line \(ends + 1)", found: "'\(ByteText.shown(shown))', bytes that are no UTF-8,",
            expected: "text in UTF-8")
    }
}
