import Dispatch
import Synchronization
import TensorCore

/// The batches of an epoch, read and transformed on a second thread while the caller works on the one before.
///
///     var batches = BatchLoader(plan, transform: policy, normalization: normalization).makeIterator()
///     while let batch = try batches.next() { print(batch.inputs.shape) }
///
/// The result does not depend on the prefetching: every draw is a function of seed, epoch, sample and draw number.
public struct BatchLoader: Sendable {
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

    /// Begins with the first step.
    public func makeIterator() -> Iterator { Iterator(self) }

    func batch(at step: Int) throws -> Batch { try transform(plan.batch(at: step), normalization: normalization) }

    /// Hands out the batches in order.
    public struct Iterator {
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

        /// The next batch; nil after the last one.
        ///
        /// - Throws: what the plan's sources throw.
        public mutating func next() throws -> Batch? {
            guard delivered < loader.plan.steps else { return nil }
            delivered += 1
            guard loader.prefetch > 0 else { return try loader.batch(at: delivered - 1) }
            while scheduled < Swift.min(loader.plan.steps, delivered + loader.prefetch) {
                let (loader, step, promise) = (loader, scheduled, Promise())
                // One thread: the others belong to the training step that runs meanwhile.
                queue.async { promise.fulfil(Parallel.withThreads(1) { Result { try loader.batch(at: step) } }) }
                waiting.append(promise)
                scheduled += 1
            }
            return try waiting.removeFirst().value()?.get()
        }
    }
}

/// A batch that another thread will deliver.
private final class Promise: Sendable {
    private let ready = DispatchSemaphore(value: 0)
    private let batch = Mutex<Result<Batch, any Error>?>(nil)

    func fulfil(_ value: Result<Batch, any Error>) {
        batch.withLock { $0 = value }
        ready.signal()
    }

    func value() -> Result<Batch, any Error>? {
        ready.wait()
        return batch.withLock { $0 }
    }
}
