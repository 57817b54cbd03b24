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

    @Test("100,000 changed files, a tenth unoptimised, give a FormatError each, or a model that runs")
    func mutated() throws {
        let corpus = try Self.corpus()
        let counts = Mutex((taken: 0, refused: 0, others: [String]()))
        let pieces = 100
        Parallel.forEach(pieces) { piece in
            for sample in piece * Self.count / pieces..<(piece + 1) * Self.count / pieces {
                do {
                    let data = mutation(of: corpus, sample: sample)
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
