import Foundation
import TensorCore

/// The members of a tar archive, one after another, without their content.
///
/// Sources: POSIX.1-2017, "pax Interchange Format" and "ustar Interchange Format"; the manual of GNU tar, "Basic Tar
/// Format", for long names and for numbers in base 256. A member is a block of 512 bytes that describes it and its
/// content, filled up to whole blocks; blocks of zeros end the archive.
struct TarArchive {
    /// One member.
    struct Member {
        let name: [UInt8]
        let type: Kind
        /// Where its description begins.
        let header: Int
        /// The bytes of its content.
        let content: Range<Int>
    }

    enum Kind: Equatable {
        case file, folder
        /// In words: "a link".
        case other(String)
    }

    let path: FilePath
    private let file: FileReader
    private var position = 0

    private static let copyAgain = "copy it again"
    private static let blockSize = 512
    /// Of descriptions that go before a member; longer ones hold no path.
    private static let largestExtension = 1 << 16

    /// Opens an archive.
    ///
    /// - Throws: `FormatError` for a file that cannot be read, `MachineError` where the machine cannot read it.
    init(_ path: FilePath) throws {
        self.path = path
        let kind = FileKind(try InputFile.start(of: path))
        guard kind == .tar else {
            throw FormatError(
                file: "\(path)", found: kind.singular, expected: "a tar archive",
                advice: kind == .gzip
                    ? "tar shards are read as they are, not compressed: gunzip it" : "copy it again, or take it away")
        }
        file = try FileReader(path)
    }

    /// The next member; nil at the archive's end.
    ///
    /// - Throws: `FormatError` for a description that is damaged and for an archive that is cut short or goes on behind
    ///   its end; `MachineError` where the machine cannot read on.
    mutating func next() throws -> Member? {
        var (name, size): ([UInt8]?, Int?)
        while true {
            let start = position
            let block = try read(Self.blockSize, at: start, "a member's description or the archive's end")
            position += Self.blockSize
            if block.allSatisfy({ $0 == 0 }) {
                try checkEnd()
                return nil
            }
            try checkSum(block, at: start)
            let own = try number(block[124..<136], "size", at: start + 124)
            let (type, prefix) = (block[156], block[345..<500].prefix { $0 != 0 })
            let isExtension = ["x", "g", "L", "K"].contains { UInt8(ascii: $0) == type }
            let content = try content(of: isExtension ? own : size ?? own, describedAt: start)
            switch type {
            case UInt8(ascii: "L"): name = Array(try text(content).prefix { $0 != 0 })
            case UInt8(ascii: "x"):
                let values = try attributes(content)
                name = values["path"] ?? name
                if let text = values["size"] { size = try decimal(text, at: content.lowerBound) }
                if values.keys.contains(where: { $0.hasPrefix("GNU.sparse") }) {
                    throw error(start, found: "a file with holes (sparse)", expected: "files as they are")
                }
            case UInt8(ascii: "K"), UInt8(ascii: "g"): break
            default:
                let short = Array(block[..<100].prefix { $0 != 0 })
                // Of GNU tar the bytes of the prefix mean something else.
                let isPOSIX = block[257..<263].elementsEqual(Array("ustar\0".utf8))
                let joined = isPOSIX && !prefix.isEmpty ? prefix + [UInt8(ascii: "/")] + short : short
                return Member(name: name ?? joined, type: Self.kind(type), header: start, content: content)
            }
        }
    }

    /// The bytes of a small member.
    func text(_ content: Range<Int>) throws -> [UInt8] {
        guard content.count <= Self.largestExtension else {
            throw error(
                content.lowerBound, found: "\(content.count) bytes of a name or label",
                expected: "\(Self.largestExtension) at most")
        }
        return try read(content.count, at: content.lowerBound, "a name or label")
    }

    func error(_ place: Int, found: String, expected: String, advice: String? = nil) -> FormatError {
        FormatError(file: "\(path)", place: "at byte \(place)", found: found, expected: expected, advice: advice)
    }

    private static func kind(_ type: UInt8) -> Kind {
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
        case UInt8(ascii: "5"): .folder
        case UInt8(ascii: "1"), UInt8(ascii: "2"): .other("a link")
        case UInt8(ascii: "S"): .other("a file with holes (sparse)")
        default: .other("something of type \(FileKind.hex(type))")
        }
    }

    private func read(_ count: Int, at place: Int, _ what: String) throws -> [UInt8] {
        file.move(to: place)
        let bytes = try file.next(count)
        guard bytes.count == count else {
            throw FormatError(
                file: "\(path)", place: "at byte \(place)", problem: "the file is cut short, within \(what)",
                advice: Self.copyAgain)
        }
        return bytes
    }

    /// Where a member's content is, behind which the next is described.
    private mutating func content(of size: Int, describedAt start: Int) throws -> Range<Int> {
        let left = max(0, file.size - position)
        guard size <= left else {
            throw FormatError(
                file: "\(path)", place: "at byte \(start)",
                problem: "the file is cut short, \(left.counted("byte")) into a member of \(size)",
                advice: Self.copyAgain)
        }
        defer { position += (size + Self.blockSize - 1) / Self.blockSize * Self.blockSize }
        return position..<position + size
    }

    /// Makes sure that nothing but zeros follows; of what does, a look at the next blocks tells.
    private func checkEnd() throws {
        file.move(to: position)
        let rest = try file.next(min(max(0, file.size - position), 1 << 16))
        guard let place = rest.firstIndex(where: { $0 != 0 }) else { return }
        throw error(
            position + place, found: "more behind the archive's end", expected: "the end of the file",
            advice: "archives that were put together are read as files of their own")
    }

    /// The sum of all bytes, those of the sum itself counted as spaces; older programs took bytes for signed.
    private func checkSum(_ block: [UInt8], at start: Int) throws {
        let stated = try number(block[148..<156], "checksum", at: start + 148)
        let counted = block.indices.map { (148..<156).contains($0) ? 32 : block[$0] }
        let unsigned = counted.reduce(0) { $0 + Int($1) }
        let signed = counted.reduce(0) { $0 + Int(Int8(bitPattern: $1)) }
        guard stated == unsigned || stated == signed else {
            throw FormatError(
                file: "\(path)", place: "at byte \(start)",
                problem: "a damaged header (checksum \(stated), where its bytes have \(unsigned))",
                advice: Self.copyAgain)
        }
    }

    /// A number in octal digits, or in base 256 behind a byte of 128.
    private func number(_ field: ArraySlice<UInt8>, _ what: String, at place: Int) throws -> Int {
        let fault = error(
            place, found: "\(what) \(field.map(FileKind.hex).joined(separator: " "))",
            expected: "a number in octal digits")
        if field.first == 0x80 {
            let (high, low) = (field.dropFirst().dropLast(7), field.suffix(7))
            guard high.allSatisfy({ $0 == 0 }) else { throw fault }
            return low.reduce(0) { $0 << 8 | Int($1) }
        }
        let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
        guard let value = Int(String(decoding: digits.isEmpty ? [48] : digits, as: UTF8.self), radix: 8), value >= 0
        else { throw fault }
        return value
    }

    /// Records of "LENGTH KEY=VALUE\n", of which the length counts all of it.
    private func attributes(_ content: Range<Int>) throws -> [String: [UInt8]] {
        let bytes = try text(content)
        var (values, next): ([String: [UInt8]], Int) = ([:], 0)
        while next < bytes.count {
            let rest = bytes[next...]
            let digits = rest.prefix { (48...57).contains($0) }
            let length = Int(String(decoding: digits, as: UTF8.self)) ?? 0
            let record = rest.prefix(max(0, length - 1)).dropFirst(digits.count + 1)
            guard length <= rest.count, record.contains(UInt8(ascii: "=")), bytes[next + length - 1] == 10,
                rest.dropFirst(digits.count).first == 32
            else {
                throw error(
                    content.lowerBound + next, found: "'\(ByteText.shown(rest.prefix(20)))'",
                    expected: "a record of the form 'LENGTH KEY=VALUE'")
            }
            let key = record.prefix { $0 != UInt8(ascii: "=") }
            values[String(decoding: key, as: UTF8.self)] = Array(record.dropFirst(key.count + 1))
            next += length
        }
        return values
    }

    private func decimal(_ text: [UInt8], at place: Int) throws -> Int {
        guard let value = Int(String(decoding: text, as: UTF8.self)), value >= 0, value < 1 << 62 else {
            throw error(place, found: "size '\(ByteText.shown(text[...]))'", expected: "a number of bytes")
        }
        return value
    }
}
