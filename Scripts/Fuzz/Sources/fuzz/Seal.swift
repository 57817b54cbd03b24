import Foundation
import Retort

/// Makes checksums right again, so that a changed input is not refused for its checksum alone.
enum Seal {
    /// A PNG file whose chunks have the checksums of their content (PNG specification, 5.3).
    static func png(_ data: Data) -> Data {
        var bytes = [UInt8](data)
        var place = 8
        while place + 12 <= bytes.count {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = place + 8 + length
            guard end + 4 <= bytes.count else { break }
            let checksum = crc(bytes[place + 4..<end])
            for k in 0..<4 { bytes[end + k] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * k)) }
            place = end + 4
        }
        return Data(bytes)
    }

    /// A tar archive whose members' descriptions have the sums of their bytes, as far as their sizes lead.
    static func tar(_ data: Data) -> Data {
        var bytes = [UInt8](data)
        var place = 0
        while place + 512 <= bytes.count, bytes[place] != 0 {
            for index in place + 148..<place + 156 { bytes[index] = 32 }
            let digits = String(bytes[place..<place + 512].reduce(0) { $0 + Int($1) }, radix: 8)
            let text = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "\0"
            bytes.replaceSubrange(place + 148..<place + 155, with: text.utf8)
            let size = String(decoding: bytes[place + 124..<place + 135], as: UTF8.self)
            guard let count = Int(size, radix: 8), (0...bytes.count).contains(count) else { break }
            place += 512 + (count + 511) / 512 * 512
        }
        return Data(bytes)
    }

    /// Bytes as a gzip file of stored blocks (RFC 1951, 3.2.4, and RFC 1952).
    static func gzip(_ content: [UInt8]) -> Data {
        var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) } }
        var place = 0
        repeat {
            let part = content[place..<min(place + 0xFFFF, content.count)]
            place += part.count
            file += [place == content.count ? 1 : 0] + little(part.count, 2) + little(part.count ^ 0xFFFF, 2) + part
        } while place < content.count
        return Data(file + little(Int(crc(content[...])), 4) + little(content.count, 4))
    }

    /// A file of stored work with another text, and the checksum that belongs to both.
    static func stored(_ file: SafetensorsFile, key: String, text: String) throws -> SafetensorsFile {
        var file = file
        var tensors: [String: Tensor] = [:]
        for name in file.entries.keys { tensors[name] = try file.tensor(name) }
        var fingerprint = Fingerprint()
        fingerprint.add(text)
        fingerprint.add(tensors)
        file.metadata[key] = text
        file.metadata["checksum"] = fingerprint.text
        return file
    }

    /// The checksum of a log's lines, each without its end.
    static func lines(_ log: Data) -> String {
        var fingerprint = Fingerprint()
        for line in log.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            fingerprint.add(UInt64(line.count))
            for byte in line { fingerprint.add(UInt64(byte)) }
        }
        return fingerprint.text
    }

    /// CRC-32 as in ISO 3309.
    private static func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }
}
