import Dispatch
import Foundation
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Datasets

/// Counts how many batches were transformed.
private final class Count: Sendable {
    let batches = Mutex(0)
}

/// Signals when the last transform that holds it is gone, and with it all that a loader had scheduled.
private final class Lifetime: Sendable {
    private let ended: DispatchSemaphore

    init(_ ended: DispatchSemaphore) { self.ended = ended }

    deinit { ended.signal() }
}

/// Normalises, and takes its time.
private struct Slow: BatchTransform {
    let count: Count
    let lifetime: Lifetime

    func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        usleep(1000)
        count.batches.withLock { $0 += 1 }
        return PlainTransform()(raw, normalization: normalization)
    }
}

@Suite struct BatchLoaderTests {
    private let plan = EpochPlan(sources: [.init(TinyTask.images(10), batchSize: 4)], steps: 12, epoch: 1, seed: 3)
    private let normalization = Normalization(mean: [0.3], deviation: [0.2])

    private func content(prefetch: Int, threads: Int) throws -> [[UInt32]] {
        try Parallel.withThreads(threads) {
            var batches = BatchLoader(
                plan, transform: TinyNoise(), normalization: normalization, prefetch: prefetch
            ).makeIterator()
            var content: [[UInt32]] = []
            while let batch = try batches.next() {
                #expect(batch.inputs.shape == [4, 8, 8, 1])
                content.append(
                    batch.inputs.scalars.map(\.bitPattern) + batch.sampleIDs.map(UInt32.init)
                        + batch.labels.map { UInt32($0 ?? 99) })
            }
            return content
        }
    }

    @Test("However many batches are ready ahead and threads at work, the batches are the plan's, in order, bit for bit")
    func sameBits() throws {
        let plain = try content(prefetch: 0, threads: 1)
        #expect(plain.count == 12 && Set(plain).count == 12)
        for prefetch in [0, 1, 3, 50] {
            for threads in [1, 2] { #expect(try content(prefetch: prefetch, threads: threads) == plain) }
        }
    }

    @Test("A loop that is left early neither hangs nor crashes, and works exactly as far ahead as it was told to")
    func leftEarly() throws {
        for prefetch in [0, 1, 3] {
            for taken in [0, 1, 5] {
                let (count, ended) = (Count(), DispatchSemaphore(value: 0))
                do {
                    var batches = BatchLoader(
                        plan, transform: Slow(count: count, lifetime: Lifetime(ended)), normalization: normalization,
                        prefetch: prefetch
                    ).makeIterator()
                    for _ in 0..<taken { _ = try batches.next() }
                }
                #expect(ended.wait(timeout: .now() + 60) == .success, "batches are still scheduled")
                #expect(count.batches.withLock { $0 } == taken + (taken > 0 ? prefetch : 0))
            }
        }
    }

    @Test("A loader can be walked twice, and iterators do not disturb one another")
    func severalIterators() throws {
        let loader = BatchLoader(plan, normalization: normalization, prefetch: 2)
        var (first, second) = (loader.makeIterator(), loader.makeIterator())
        var steps = 0
        while let left = try first.next() {
            let right = try #require(try second.next())
            #expect(left.sampleIDs == right.sampleIDs && left.inputs == right.inputs)
            steps += 1
        }
        #expect(try steps == 12 && first.next() == nil)
    }

    @Test("Images that cannot be read end the batches with their error, at their step")
    func unreadable() throws {
        let source = FailingSource(images: TinyTask.images(10), failing: 7)
        let plan = EpochPlan(sources: [.init(source, batchSize: 2)], steps: 5, epoch: 0, seed: 1)
        let step = try #require((0..<5).first { step in (try? plan.batch(at: step)) == nil })
        for prefetch in [0, 2, 9] {
            var batches = BatchLoader(plan, normalization: normalization, prefetch: prefetch).makeIterator()
            for _ in 0..<step { #expect(try batches.next() != nil) }
            #expect(throws: FormatError.self) { try batches.next() }
        }
        var all = source.batches(of: 4, normalization: normalization)
        #expect(try all.next()?.count == 4)
        #expect(throws: FormatError.self) { try all.next() }
    }

    @Test("Batches for evaluation: every image once, in order, the rest in a smaller batch")
    func evaluation() {
        let images = TinyTask.images(10)
        let batches = Array(images.batches(of: 4, normalization: normalization))
        #expect(batches.map(\.count) == [4, 4, 2])
        #expect(batches.flatMap(\.sampleIDs) == Array(0..<10))
        #expect(batches.flatMap(\.labels) == images.labels)
        #expect(Array(images.subset([]).batches(of: 4, normalization: normalization)).isEmpty)
        let byte = Float(images.pixels[9 * 64])
        #expect(abs(batches[2].inputs.scalars[64] - (byte / 255 - 0.3) / 0.2) < 1e-5)
    }
}
