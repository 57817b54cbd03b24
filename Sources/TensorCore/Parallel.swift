import Foundation
import Synchronization

/// Work on several cores, by a partition that depends on the data and never on the number of threads.
///
/// A caller cuts its work into pieces, each of which writes its own output; sums over pieces are reduced in the order
/// of the pieces. So one thread and eight give the same bits.
public enum Parallel {
    private static let configured = Mutex<Int?>(nil)
    @TaskLocal private static var override: Int?

    /// The number of threads that work at once: what was set here, else `RETORT_THREADS`, else the number of cores.
    public static var threads: Int {
        get {
            if let override { return override }
            return configured.withLock { value in
                if let value { return value }
                let asked = ProcessInfo.processInfo.environment["RETORT_THREADS"].flatMap(Int.init) ?? 0
                let threads = asked > 0 ? asked : ProcessInfo.processInfo.activeProcessorCount
                value = threads
                return threads
            }
        }
        set {
            require(newValue > 0, "Parallel.threads: \(newValue) given, 1 or more expected")
            configured.withLock { $0 = newValue }
        }
    }

    /// Runs the closure with another number of threads, in this task alone.
    public static func withThreads<R>(_ threads: Int, _ body: () throws -> R) rethrows -> R {
        require(threads > 0, "Parallel.withThreads: \(threads) given, 1 or more expected")
        return try $override.withValue(threads, operation: body)
    }

    /// Calls the closure once for each piece, on up to ``threads`` threads, and returns when all are done.
    ///
    /// Pieces are handed out one at a time, so uneven pieces balance; the closure must not depend on which thread or in
    /// which order it runs. Inside a piece everything is serial: a nested call runs its pieces one after another. So is
    /// the call of one of several tasks that between them have the threads already.
    public static func forEach(_ pieces: Int, _ body: @Sendable (_ piece: Int) -> Void) {
        require(pieces >= 0, "Parallel.forEach: \(pieces) pieces, 0 or more expected")
        let threads = pieces > 1 ? min(threads, pieces) : 1
        if threads > 1 {
            $override.withValue(1) { WorkerPool.shared.run(pieces, threads: threads, body) }
        } else {
            for piece in 0..<pieces { body(piece) }
        }
    }

    /// What the closure gives for each piece, in their order, computed as ``forEach(_:_:)`` does.
    package static func map<Element: Sendable>(
        _ pieces: Int, _ body: @Sendable (_ piece: Int) -> Element
    ) -> [Element] {
        [Element](unsafeUninitializedCapacity: pieces) { buffer, initialized in
            // Each piece writes the element of its own place.
            nonisolated(unsafe) let buffer = buffer
            forEach(pieces) { buffer.initializeElement(at: $0, to: body($0)) }
            initialized = pieces
        }
    }

    /// Calls the closure for consecutive ranges of a size, the last one shorter, of 0 ..< count; as ``forEach(_:_:)``.
    static func forEachRange(of count: Int, by size: Int, _ body: @Sendable (Range<Int>) -> Void) {
        forEach((count + size - 1) / size) { body($0 * size..<min(($0 + 1) * size, count)) }
    }
}
