import Foundation
import TensorCore

/// A file with one to four changes: a byte, a bit, a stretch left out, doubled or exchanged for one of another file, a
/// number of the header, the length that comes first, the end.
public func mutation(of corpus: [[UInt8]], sample: Int) -> Data {
    var random = Philox(seed: 11, sample: sample)
    var bytes = corpus[random.index(below: corpus.count)]
    for _ in 0...random.index(below: 4) {
        guard bytes.count > 16 else { break }
        // Mostly the header: weights may have any value.
        let place = random.index(below: random.index(below: 4) == 0 ? bytes.count : min(bytes.count, 1600))
        let stretch = place..<min(bytes.count, place + 1 + random.index(below: 24))
        switch random.index(below: 8) {
        case 0: bytes[place] = UInt8(random.index(below: 256))
        case 1: bytes[place] ^= 1 << random.index(below: 8)
        case 2: bytes.removeSubrange(stretch)
        case 3: bytes.insert(contentsOf: bytes[stretch], at: place)
        case 4:
            let other = corpus[random.index(below: corpus.count)]
            let from = min(place, other.count - 1)
            bytes.replaceSubrange(stretch, with: other[from..<min(other.count, from + stretch.count)])
        case 5:
            let digits = bytes.indices.filter { bytes[$0] >= 48 && bytes[$0] <= 57 && $0 < 1600 }
            guard !digits.isEmpty else { break }
            let numbers = ["0", "-1", "99", "1048576", "2147483648", "9223372036854775807", "1e400", "0.5", "null"]
            let digit = digits[random.index(below: digits.count)]
            bytes.replaceSubrange(digit...digit, with: Array(numbers[random.index(below: numbers.count)].utf8))
        case 6: for index in 0..<8 { bytes[index] = UInt8(random.index(below: index < 2 ? 256 : 3)) }
        default: bytes.removeLast(min(bytes.count - 16, random.index(below: 64)))
        }
    }
    return Data(bytes)
}
