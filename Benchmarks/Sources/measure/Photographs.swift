import Foundation
import Retort

/// What it takes to decode JPEG files and to augment them to what a network reads.
struct Photographs {
    private let name: String
    private let images: EncodedImages
    private let decoded: RaggedImages?
    private let batch: Int

    /// `photographs/naturalSIDE` or `feed/SIDE`; nil for other names.
    init?(_ name: String, in folder: URL, batch: Int) throws {
        let parts = name.split(separator: "/").map(String.init)
        let isFeed = parts.first == "feed"
        guard parts.count == 2, isFeed || parts[0] == "photographs" && parts[1].hasPrefix("natural"),
            let side = Int(parts[1].drop { !$0.isNumber }), side > 0
        else { return nil }
        (self.name, self.batch) = (name, batch)
        let size = ImageSize(height: side, width: side, channels: 3)
        images = try EncodedImages(folder: folder, size: size, memory: 0)
        decoded = isFeed ? try images.images(at: Array(0..<images.count)[...]) : nil
    }

    /// A line of JSON.
    func measure(seconds: Double) throws -> String {
        let common = "\"batch\": \(batch), \"threads\": \(Parallel.threads), \"simd\": \"\(SIMDLevel.active)\""
        guard let decoded else {
            let alone = try rate(of: images, seconds: seconds)
            return "{\"work\": \"\(name)\", \"images_per_s\": \(alone), \(common)}"
        }
        var runs: [(decoding: (rate: Double, waiting: Double), memory: (rate: Double, waiting: Double))] = []
        for round in 0..<3 {
            let first = round % 2 == 0 ? try training(on: images, seconds: seconds) : nil
            let memory = try training(on: decoded, seconds: seconds)
            runs.append((try first ?? training(on: images, seconds: seconds), memory))
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        return "{\"work\": \"\(name)\", \"images_per_s\": \(median(runs.map(\.decoding.rate))), "
            + "\"memory_images_per_s\": \(median(runs.map(\.memory.rate))), "
            + "\"added\": \(median(runs.map { $0.memory.rate / $0.decoding.rate - 1 })), "
            + "\"waiting\": \(median(runs.map(\.decoding.waiting))), "
            + "\"memory_waiting\": \(median(runs.map(\.memory.waiting))), "
            + "\"alone_images_per_s\": \(try rate(of: images, seconds: seconds)), \(common)}"
    }

    /// Images a second that are read and augmented, bytes out.
    private func rate(of source: some ImageSource, seconds: Double) throws -> Double {
        var failure: (any Error)?
        var step = 0
        let time = medianTime(within: seconds) {
            do {
                let places = (0..<batch).map { (step * batch + $0) % source.count }
                _ = AugmentationPolicy.natural.images(
                    RawBatch(images: try source.images(at: places[...]), seed: 1, epoch: step))
                step += 1
            } catch { failure = error }
        }
        if let failure { throw failure }
        return Double(batch) / time
    }

    /// Images a second of a training, and the share of its time in which it waits for a batch.
    private func training(on source: some ImageSource, seconds: Double) throws -> (rate: Double, waiting: Double) {
        var model = ImageNetResNet(.resNet18, channels: 3, classes: 10, seed: 1)
        var optimizer = Optimizer(.sgd(momentum: 0.9, nesterov: false, weightDecay: 0))
        let part = EpochPlan.Source(source, batchSize: batch)
        let plan = EpochPlan(sources: [part], steps: 10_000, epoch: 0, seed: 1)
        let normalization = Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25])
        var batches = BatchLoader(plan, transform: AugmentationPolicy.natural, normalization: normalization)
            .makeIterator()
        var (start, waiting, steps) = (Self.now, 0.0, -2)
        while steps <= 0 || Self.now - start < seconds {
            if steps == 0 { (start, waiting) = (Self.now, 0) }  // two steps of warm-up
            let asked = Self.now
            guard let batch = try batches.next() else { break }
            waiting += Self.now - asked
            let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(batch.inputs)).crossEntropy(batch)
            }
            optimizer.step(&model, along: gradients, rate: 0.01)
            steps += 1
        }
        let elapsed = Self.now - start
        return (Double(steps * batch) / elapsed, waiting / elapsed)
    }

    private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
}
