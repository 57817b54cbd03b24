import Foundation

/// A deflate stream (RFC 1951, section 3.2.4) of stored blocks: every byte as it is.
func storedDeflate(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = []
    var rest = bytes[...]
    repeat {
        let block = rest.prefix(65_535)
        rest = rest.dropFirst(65_535)
        stream.append(rest.isEmpty ? 1 : 0)
        for length in [UInt16(block.count), ~UInt16(block.count)] {
            stream += [UInt8(truncatingIfNeeded: length), UInt8(length >> 8)]
        }
        stream += block
    } while !rest.isEmpty
    return stream
}

/// A gzip member (RFC 1952) that holds the bytes as they are.
public func gzipped(_ bytes: [UInt8]) -> [UInt8] {
    [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + storedDeflate(bytes) + crc32(bytes).bigEndianBytes.reversed()
        + UInt32(bytes.count).bigEndianBytes.reversed()
}

/// A zlib stream (RFC 1950) that holds the bytes as they are.
public func zlibStream(_ bytes: [UInt8]) -> [UInt8] {
    var sums: (UInt32, UInt32) = (1, 0)
    for byte in bytes {
        sums.0 = (sums.0 + UInt32(byte)) % 65_521
        sums.1 = (sums.1 + sums.0) % 65_521
    }
    return [0x78, 0x01] + storedDeflate(bytes) + (sums.1 << 16 | sums.0).bigEndianBytes
}

/// The checksum of gzip and PNG (CRC-32, ISO 3309).
public func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crcTable[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
}

private let crcTable: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
}

extension UInt32 {
    /// The four bytes, the highest first.
    public var bigEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> (24 - 8 * $0)) } }
}

extension URL {
    /// Writes a file of this name into the folder, and returns where it is.
    @discardableResult
    public func file(_ name: String, _ bytes: [UInt8]) throws -> URL {
        let url = appending(path: name)
        try Data(bytes).write(to: url)
        return url
    }
}
