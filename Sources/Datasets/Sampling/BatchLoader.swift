import Dispatch
import Synchronization
import TensorCore

/// The batches of an epoch, read and transformed on a second thread while the caller works on the one before. A caller
/// that would wait for a batch makes the next one meanwhile.
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
        private var waiting: [Job] = []
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
                let (loader, step) = (loader, scheduled)
                let job = Job { Result { try loader.batch(at: step) } }
                // One thread: the others belong to the training step that runs meanwhile.
                queue.async { Parallel.withThreads(1) { _ = job.runIfFirst() } }
                waiting.append(job)
                scheduled += 1
            }
            let job = waiting.removeFirst()
            if !job.isDone {
                // Nobody else needs the other threads now.
                Parallel.withThreads(Swift.max(1, Parallel.threads - 1)) {
                    _ = ([job] + waiting).first { $0.runIfFirst() }
                }
            }
            return try job.result().get()
        }
    }
}

/// A batch that one of several threads makes.
private final class Job: Sendable {
    private enum State {
        case waiting, running
        case done(Result<Batch, any Error>)
    }

    private let make: @Sendable () -> Result<Batch, any Error>
    private let state = Mutex(State.waiting)
    private let ready = DispatchSemaphore(value: 0)

    init(_ make: @escaping @Sendable () -> Result<Batch, any Error>) { self.make = make }

    /// Makes the batch, if no other thread has begun to.
    func runIfFirst() -> Bool {
        let isFirst = state.withLock { state in
            guard case .waiting = state else { return false }
            state = .running
            return true
        }
        guard isFirst else { return false }
        let result = make()
        state.withLock { $0 = .done(result) }
        ready.signal()
        return true
    }

    var isDone: Bool { state.withLock { if case .done = $0 { true } else { false } } }

    /// Waits for the batch. Called once.
    func result() -> Result<Batch, any Error> {
        ready.wait()
        return state.withLock { state in
            guard case .done(let result) = state else { fatalError("BatchLoader: a batch that nobody made") }
            return result
        }
    }
}
