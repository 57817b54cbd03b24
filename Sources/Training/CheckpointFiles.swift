import Foundation
import TensorCore

/// How often the state of a run is written, and what is kept of it.
public struct CheckpointKeeping: Hashable, Sendable {
    /// Steps from one state to the next; nil to write one at the end of each epoch alone, where one is written anyway.
    public var every: Int?
    /// How many of the last states are kept, 1 or more: the newest in FILE, which a run continues, those before it in
    /// FILE.1, FILE.2 and so on. To go back, copy one of them over FILE.
    public var last: Int
    /// Whether the state after the epoch with the highest validation accuracy is kept too, in FILE.best.
    public var best: Bool
    /// What the run was asked for, in the words of whoever asked: options with their values, and under ``command`` what
    /// kind of run they are of. A state of another run is refused with those that differ; nothing else depends on them.
    public var settings: [String: String]
    /// The key in ``settings`` of the kind of run; where it differs, nothing else is told.
    public static let command = "the command"
    /// Whether the run's history holds the values of every step. Without, memory does not grow with the steps; the log
    /// beside a checkpoint, FILE.steps, has them either way.
    public var steps: Bool

    /// Describes what is kept.
    public init(
        every: Int? = nil, last: Int = 1, best: Bool = false, steps: Bool = true, settings: [String: String] = [:]
    ) {
        require(
            every.map { $0 > 0 } ?? true && last > 0,
            "CheckpointKeeping: every \(every ?? 1) steps, the last \(last): 1 or more expected of both")
        self.every = every
        self.last = last
        self.best = best
        self.steps = steps
        self.settings = settings
    }

    func isDue(after step: Int) -> Bool { every.map { step % $0 == 0 } ?? false }
}

/// The files of a run: its states, of which the newest is always there and whole, wherever a kill falls, and the log
/// beside them. No other run can use them as long as this value lives.
final class CheckpointFiles {
    let newest: URL
    let log: StepLog
    private let keeping: CheckpointKeeping
    private let lock: FileLock
    /// When all was last on the disk, and how long that took; nil before the first time.
    private var lastSync: (end: ContinuousClock.Instant, duration: Duration)?
    /// Files that are not on the disk yet, maybe.
    private var unsynced: Set<URL> = []

    /// - Throws: `FileWriteError` while another run uses them, or where they cannot be written.
    init(_ newest: URL, keeping: CheckpointKeeping) throws {
        self.newest = newest
        self.keeping = keeping
        lock = try FileLock(newest)
        log = StepLog(beside: newest)
        // Which also removes what a run left that was killed while it wrote: no later epoch may be the best again.
        if keeping.best { try OutputFile.check(best) }
    }

    /// Writes a state as the newest, and the log up to it.
    ///
    /// - Parameters:
    ///   - file: the state, from how much of the log is its own.
    ///   - isBest: whether it is also kept as the best.
    /// - Throws: `FileWriteError` when a file cannot be written or moved.
    func write(isBest: Bool, _ file: (StepLog.Extent) throws -> SafetensorsFile) throws {
        let start = ContinuousClock.now
        let syncing = isSyncDue(at: start)
        // The log first: a state whose log is shorter than it says could not go on.
        try log.flush(syncing: syncing)
        let bytes = try file(log.extent).encoded()
        try shift()
        let targets = files(isBest: isBest)
        for target in targets { try AtomicFile.write(bytes, to: target, syncing: syncing) }
        if syncing {
            unsynced.subtract(targets)
            lastSync = (.now, .now - start)
        } else {
            unsynced.formUnion(targets)
        }
    }

    /// The files that get a state, the newest last: after a kill between them a run goes on from the state before and
    /// writes both again. The other way around it would never write the best one, which its newest state has behind it.
    private func files(isBest: Bool) -> [URL] { isBest && keeping.best ? [best, newest] : [newest] }

    /// Whether to wait for the disk: not more than once a second, nor for more than a twentieth of the time. A process
    /// that is killed loses nothing without, and a power cut no more than what came since.
    private func isSyncDue(at now: ContinuousClock.Instant) -> Bool {
        guard let lastSync else { return true }
        return now - lastSync.end >= max(.seconds(1), lastSync.duration * 20)
    }

    /// Files of states before the newest that are there, the last one first, and behind them that of the best one.
    var older: [URL] {
        let (folder, name) = (newest.deletingLastPathComponent(), newest.lastPathComponent)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let ages = names.filter { $0.hasPrefix(name + ".") }.compactMap { Int($0.dropFirst(name.count + 1)) }
        return ages.filter { $0 > 0 }.sorted().map { url("\($0)") } + (exists(best) ? [best] : [])
    }

    /// The file of the state with the highest validation accuracy.
    var best: URL { url("best") }

    /// Waits until all that was written is on the disk, at the end of a run.
    ///
    /// - Throws: `FileWriteError`.
    func sync() throws {
        try log.flush(syncing: true)
        for file in unsynced { try AtomicFile.sync(file) }
        unsynced = []
    }

    /// Makes every state one older; the newest gets a second name and stays where it is.
    private func shift() throws {
        guard keeping.last > 1, exists(newest) else { return }
        for age in stride(from: keeping.last - 1, through: 1, by: -1) {
            if age > 1 {
                try AtomicFile.move(url("\(age - 1)"), to: url("\(age)"))
            } else {
                try AtomicFile.keep(newest, as: url("1"))
            }
        }
    }

    private func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }

    private func url(_ suffix: String) -> URL { newest.appendingPathExtension(suffix) }
}
