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
