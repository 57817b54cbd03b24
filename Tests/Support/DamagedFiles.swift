import Foundation
import TensorCore

/// What is done to a valid file to see that a reader of files survives it.
public enum Damage {
    /// Every prefix of the bytes, from none of them to all but one.
    public static func prefixes(of bytes: [UInt8]) -> some Sequence<[UInt8]> {
        bytes.indices.lazy.map { Array(bytes[..<$0]) }
    }

    /// Copies of the bytes, each with one to four of them replaced by chance; the same for the same seed.
    public static func mutations(of bytes: [UInt8], count: Int, seed: UInt64) -> some Sequence<[UInt8]> {
        (0..<count).lazy.map { sample in
            var random = Philox(seed: seed, sample: sample)
            var damaged = bytes
            for _ in 0...random.index(below: 4) {
                damaged[random.index(below: bytes.count)] = UInt8(truncatingIfNeeded: random.nextWord())
            }
            return damaged
        }
    }
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
