import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// Files of quantised models, changed by chance. The corpus is made here, so that it follows the format.
@Suite struct MutatedFileTests {
    /// Unoptimised, a tenth takes long enough.
    static let count: Int = {
        #if DEBUG
            10_000
        #else
            100_000
        #endif
    }()

    static func corpus() throws -> [[UInt8]] {
        let colours = smoothImages(4, side: 8, channels: 2, seed: 6)
        let models = [
            try QuantizedModel(
                withStatistics(ConvNet(width: 2, channels: 1, classes: 3, seed: 3), seed: 4),
                calibratedOn: [smoothImages(4, side: 6, seed: 5)]),
            try QuantizedModel(withStatistics(Patchwork(seed: 1), seed: 2), calibratedOn: [colours]),
            try QuantizedModel(
                withStatistics(Patchwork(seed: 1), seed: 2), calibratedOn: [colours], floatLayers: ["wide", "hidden"]),
            try QuantizedModel(
                MLP(inputs: 16, hidden: [3], classes: 2, seed: 2), calibratedOn: [smoothImages(4, side: 4, seed: 7)]),
        ]
        return models.map { Array($0.file(metadata: ["classes": "a b"]).encoded()) }
    }

    /// A file with one to four changes: a byte, a bit, a stretch left out, doubled or exchanged for one of another file, a
    /// number of the header, the length that comes first, the end.
    static func mutation(of corpus: [[UInt8]], sample: Int) -> Data {
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

    @Test("100,000 changed files, a tenth unoptimised, give a FormatError each, or a model that runs")
    func mutated() throws {
        let corpus = try Self.corpus()
        let counts = Mutex((taken: 0, refused: 0, others: [String]()))
        let pieces = 100
        Parallel.forEach(pieces) { piece in
            for sample in piece * Self.count / pieces..<(piece + 1) * Self.count / pieces {
                do {
                    let data = Self.mutation(of: corpus, sample: sample)
                    let model = try QuantizedModel.decode(SafetensorsFile(decoding: data, file: "changed")).model
                    // What is taken has to run, where an image of its size fits into a test.
                    if sample % 10 == 0, model.inputShape.elementCount < 1000, model.peakActivationBytes < 1 << 16 {
                        _ = model.predict(.zeros(Shape([1] + model.inputShape.extents)))
                    }
                    counts.withLock { $0.taken += 1 }
                } catch {
                    counts.withLock {
                        if error is FormatError { $0.refused += 1 } else { $0.others.append("\(sample): \(error)") }
                    }
                }
            }
        }
        let (taken, refused, others) = counts.withLock { $0 }
        #expect(others.isEmpty, "\(others.prefix(3))")
        #expect(taken + refused == Self.count && taken > Self.count / 100 && refused > Self.count / 2)
    }
}
