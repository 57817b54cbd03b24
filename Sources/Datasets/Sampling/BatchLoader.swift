import Dispatch
import Synchronization
import TensorCore

/// The batches of an epoch, transformed on a second thread while the caller works on the one before.
///
///     for batch in BatchLoader(plan, transform: policy, normalization: normalization) { print(batch.inputs.shape) }
///
/// The result does not depend on the prefetching: every draw is a function of seed, epoch, sample and draw number.
public struct BatchLoader: Sequence, Sendable {
    let plan: EpochPlan
    let transform: any BatchTransform
    let normalization: Normalization
    let prefetch: Int
    let firstStep: Int

    /// Creates a loader.
    ///
    /// - Parameters:
    ///   - plan: which samples come when.
    ///   - transform: what is done to them; ``PlainTransform`` for nothing.
    ///   - normalization: as the network expects it.
    ///   - prefetch: how many batches may be ready ahead of the caller; 0 to transform on the caller's thread.
    ///   - firstStep: the step of the epoch to begin with, for a run that was stopped within one.
    public init(
        _ plan: EpochPlan, transform: any BatchTransform = PlainTransform(), normalization: Normalization,
        prefetch: Int = 2, from firstStep: Int = 0
    ) {
        require(prefetch >= 0, "BatchLoader: prefetch \(prefetch), 0 or more expected")
        require(
            (0...plan.steps).contains(firstStep), "BatchLoader: from step \(firstStep), 0 ... \(plan.steps) expected")
        self.firstStep = firstStep
        self.plan = plan
        self.transform = transform
        self.normalization = normalization
        self.prefetch = prefetch
    }

    public func makeIterator() -> Iterator { Iterator(self) }

    func batch(at step: Int) -> Batch { transform(plan.batch(at: step), normalization: normalization) }

    /// Hands out the batches in order.
    public struct Iterator: IteratorProtocol {
        private let loader: BatchLoader
        private let queue = DispatchQueue(label: "retort.batches", qos: .userInitiated)
        private var waiting: [Promise] = []
        private var scheduled: Int
        private var delivered: Int

        init(_ loader: BatchLoader) {
            self.loader = loader
            scheduled = loader.firstStep
            delivered = loader.firstStep
        }

        public mutating func next() -> Batch? {
            guard delivered < loader.plan.steps else { return nil }
            delivered += 1
            guard loader.prefetch > 0 else { return loader.batch(at: delivered - 1) }
            while scheduled < Swift.min(loader.plan.steps, delivered + loader.prefetch) {
                let (loader, step, promise) = (loader, scheduled, Promise())
                // One thread: the others belong to the training step that runs meanwhile.
                queue.async { promise.fulfil(Parallel.withThreads(1) { loader.batch(at: step) }) }
                waiting.append(promise)
                scheduled += 1
            }
            return waiting.removeFirst().value()
        }
    }
}

/// A batch that another thread will deliver.
private final class Promise: Sendable {
    private let ready = DispatchSemaphore(value: 0)
    private let batch = Mutex<Batch?>(nil)

    func fulfil(_ value: Batch) {
        batch.withLock { $0 = value }
        ready.signal()
    }

    func value() -> Batch? {
        ready.wait()
        return batch.withLock { $0 }
    }
}

extension ImageSet {
    /// All images in order, in batches: for evaluation.
    ///
    /// - Parameters:
    ///   - size: images in a batch; the last may have fewer.
    ///   - normalization: as the network expects it.
    ///   - transform: what is done to them; by default they are normalised and otherwise left as they are.
    ///   - seed: what the transform's draws depend on.
    ///   - epoch: likewise.
    public func batches(
        of size: Int, normalization: Normalization, transform: any BatchTransform = PlainTransform(),
        seed: UInt64 = 0, epoch: Int = 0
    ) -> some Sequence<Batch> {
        require(size > 0, "batches: size \(size), 1 or more expected")
        return stride(from: 0, to: count, by: size).lazy.map { first in
            let places = Array(first..<Swift.min(first + size, count))
            let images = ImageSet.gather([(self, places[...])])
            return transform(RawBatch(images: images, seed: seed, epoch: epoch), normalization: normalization)
        }
    }
}
