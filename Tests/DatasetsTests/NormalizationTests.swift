import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("Normalisation, the plain transform and the class report")
struct NormalizationTests {
    /// Random bytes; channel 2 is 77 everywhere.
    static let set: ImageSet = {
        var random = Philox(seed: 5)
        let pixels = (0..<4 * 3 * 5 * 3).map { $0 % 3 == 2 ? 77 : UInt8(random.index(below: $0 % 3 == 0 ? 256 : 20)) }
        return ImageSet(
            pixels: pixels, height: 3, width: 5, channels: 3, labels: [1, nil, 0, 1], classNames: ["a", "b"],
            sampleIDs: [9, 4, 7, 8])
    }()

    @Test("mean and deviation per channel are those of Double sums over the pixels; a constant channel has deviation 1")
    func oracle() {
        let normalization = Normalization.of(Self.set)
        for channel in 0..<3 {
            let values = stride(from: channel, to: Self.set.pixels.count, by: 3).map {
                Double(Self.set.pixels[$0]) / 255
            }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            // Half a unit in the last place of Float, and Double's error in 60 additions, which is far below it.
            #expect(abs(Double(normalization.mean[channel]) - mean) <= mean * 0x1p-23)
            let deviation = channel == 2 ? 1 : variance.squareRoot()
            #expect(abs(Double(normalization.deviation[channel]) - deviation) <= deviation * 0x1p-23)
        }
    }

    @Test("the order of the images does not matter, to the bit")
    func order() {
        #expect(Normalization.of(Self.set) == Normalization.of(Self.set.subset([3, 1, 0, 2])))
    }

    @Test("inputs are (byte / 255 − mean) / deviation of their own channel; ids and labels go along")
    func plain() {
        let normalization = Normalization(mean: [0.5, 0.25, 0.1], deviation: [0.2, 0.5, 2])
        let batch = PlainTransform()(RawBatch(images: Self.set, seed: 0, epoch: 0), normalization: normalization)
        #expect(batch.inputs.shape == [4, 3, 5, 3])
        #expect(batch.labels == [1, nil, 0, 1] && batch.sampleIDs == [9, 4, 7, 8] && batch.targets == nil)
        for (place, value) in batch.inputs.scalars.enumerated() {
            let mean = Double(normalization.mean[place % 3])
            let deviation = Double(normalization.deviation[place % 3])
            let expected = (Double(Self.set.pixels[place]) / 255 - mean) / deviation
            // Three roundings, of values below 1, 1 and 5.
            #expect(abs(Double(value) - expected) <= 0x1p-24 * (2 / deviation + 5))
        }
    }

    @Test("as many means as channels")
    func channels() async {
        await #expect(processExitsWith: .failure) {
            let normalization = Normalization(mean: [0.5], deviation: [1])
            _ = PlainTransform()(RawBatch(images: Self.set, seed: 0, epoch: 0), normalization: normalization)
        }
        await #expect(processExitsWith: .failure) { _ = Normalization(mean: [0], deviation: [0]) }
    }

    @Test("a text with a deviation of 0, too few numbers or another number of channels is refused for that")
    func texts() throws {
        #expect(try Normalization("0.5,0/1,2", channels: 2) == Normalization(mean: [0.5, 0], deviation: [1, 2]))
        for (text, problem) in [
            ("0.5,0.5/0.5,0", "deviations above 0 (behind the slash) expected"), ("1,1/1,-1", "deviations above 0"),
            ("1/1,1", "with 2 numbers on each side"), ("1,nan/1,1", "with 2 numbers"), ("a,b/1,1", "with 2 numbers"),
            ("1,1,1/1,1,1", "is for images of 3 channels, and these have 2"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try Normalization(text, channels: 2) }
            #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
        }
    }

    @Test("accuracies by hand: rows are the true classes, columns the predictions")
    func report() {
        let report = ClassReport(
            epoch: 2, loss: 0.5, confusion: [[3, 1, 0], [0, 0, 0], [2, 2, 2]], classLosses: [0.1, 0, 0.9])
        #expect(report.accuracy == 0.5)
        #expect(report.classAccuracies == [0.75, nil, 2.0 / 6])
        #expect(ClassReport(epoch: 0, loss: 0, confusion: [[0]], classLosses: [0]).accuracy == 0)
    }
}
