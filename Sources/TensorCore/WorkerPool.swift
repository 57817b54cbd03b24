import CKernels
import Foundation
import Synchronization

/// The threads that help a caller of ``Parallel/forEach(_:_:)``; they live as long as the process.
///
/// Waking a thread through the system takes longer than many a layer (tens of microseconds on a virtual machine), so a
/// helper that ran out of work looks for more for a while before it sleeps. One caller at a time has helpers. Others
/// work alone meanwhile, and a caller that is one of several counts them against its threads: together they use no more
/// threads than each may use alone.
final class WorkerPool: Sendable {
    static let shared = WorkerPool()

    /// What a caller wants done; written by it alone while no helper is inside.
    private struct Job {
        var body: ((Int) -> Void)?
        var pieces = 0
        var helpers = 0
    }

    private let callers = Atomic<Int>(0)
    // Who sets the flag has the helpers and may start a job. (A thread sanitizer sees through it, as it does not a
    // Mutex.)
    private let isTaken = Atomic<Bool>(false)
    nonisolated(unsafe) private var helpers: [Helper] = []
    // Read by helpers only while they count as inside an open pool, and written only while it is closed and empty.
    nonisolated(unsafe) private var job = Job()
    private let isOpen = Atomic<Bool>(false)
    private let inside = Atomic<Int>(0)
    private let next = Atomic<Int>(0)

    /// Calls the closure for every piece, on up to `threads` threads, this one among them.
    func run(_ pieces: Int, threads: Int, _ body: (Int) -> Void) {
        let others = callers.wrappingAdd(1, ordering: .relaxed).oldValue
        defer { callers.wrappingSubtract(1, ordering: .relaxed) }
        let wanted = min(threads - 1 - others, pieces - 1)
        if wanted > 0, !isTaken.exchange(true, ordering: .acquiring) {
            share(pieces, with: wanted, spins: threads <= Self.processors, body)
            isTaken.store(false, ordering: .releasing)
        } else {
            for piece in 0..<pieces { body(piece) }
        }
    }

    private func share(_ pieces: Int, with wanted: Int, spins: Bool, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            job = Job(body: body, pieces: pieces, helpers: wanted)
            next.store(0, ordering: .relaxed)
            isOpen.store(true, ordering: .sequentiallyConsistent)
            summon(wanted, spins: spins)
            work(pieces, body)
            isOpen.store(false, ordering: .sequentiallyConsistent)
            var patience = Self.spins
            while inside.load(ordering: .sequentiallyConsistent) > 0 {
                if patience > 0 { rk_pause() } else { sched_yield() }
                patience -= 1
            }
            job.body = nil
        }
    }

    private func work(_ pieces: Int, _ body: (Int) -> Void) {
        while true {
            let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard piece < pieces else { return }
            body(piece)
        }
    }

    private func summon(_ wanted: Int, spins: Bool) {
        while helpers.count < wanted {
            let helper = Helper(index: helpers.count)
            helpers.append(helper)
            Thread.detachNewThread { [self] in serve(helper) }
        }
        for helper in helpers.prefix(wanted) {
            helper.spins.store(spins, ordering: .relaxed)
            helper.wake()
        }
    }

    /// A helper's life.
    private func serve(_ helper: Helper) {
        Parallel.withThreads(1) {
            while true {
                var patience = helper.spins.load(ordering: .relaxed) ? Self.spins : 0
                while patience > 0, !isOpen.load(ordering: .relaxed) {
                    rk_pause()
                    patience -= 1
                }
                if !isOpen.load(ordering: .relaxed) { helper.sleep { isOpen.load(ordering: .sequentiallyConsistent) } }
                // Announced first, then looked: the owner closes first and then looks who is inside.
                inside.wrappingAdd(1, ordering: .sequentiallyConsistent)
                if isOpen.load(ordering: .sequentiallyConsistent) { help(helper) }
                inside.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            }
        }
    }

    // Not inlined: the caller's closure must be let go before the helper says that it left.
    @inline(never) private func help(_ helper: Helper) {
        if helper.index < job.helpers, let body = job.body { work(job.pieces, body) }
    }

    /// How often to look for work before sleeping: about a tenth of a millisecond.
    private static let spins = 3000
    private static let processors = ProcessInfo.processInfo.activeProcessorCount
}

/// Where one helping thread sleeps.
private final class Helper: Sendable {
    let index: Int
    let spins = Atomic<Bool>(true)
    private let isAsleep = Atomic<Bool>(false)
    private let bell = DispatchSemaphore(value: 0)

    init(index: Int) { self.index = index }

    /// Sleeps until woken, unless the condition holds.
    func sleep(unless condition: () -> Bool) {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        // Whoever turns the flag off decides: if that is somebody else, their bell rings and is to be waited for.
        if condition(), isAsleep.exchange(false, ordering: .sequentiallyConsistent) { return }
        bell.wait()
    }

    func wake() {
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { bell.signal() }
    }
}
