import Foundation
import TensorCore

/// How often the state of a run is written, and which states are kept.
public struct CheckpointKeeping: Hashable, Sendable {
    /// Steps from one state to the next; nil to write one at the end of each epoch alone, where one is written anyway.
    public var every: Int?
    /// How many of the last states are kept, 1 or more: the newest in FILE, which a run continues, those before it in
    /// FILE.1, FILE.2 and so on. To go back, copy one of them over FILE.
    public var last: Int
    /// Whether the state after the epoch with the highest validation accuracy is kept too, in FILE.best.
    public var best: Bool

    /// Describes what is kept.
    public init(every: Int? = nil, last: Int = 1, best: Bool = false) {
        require(
            every.map { $0 > 0 } ?? true && last > 0,
            "CheckpointKeeping: every \(every ?? 1) steps, the last \(last): 1 or more expected of both")
        self.every = every
        self.last = last
        self.best = best
    }

    func isDue(after step: Int) -> Bool { every.map { step % $0 == 0 } ?? false }
}

/// The files of a run's states. The newest is always there and whole, wherever a kill falls.
struct CheckpointFiles {
    let newest: URL
    let keeping: CheckpointKeeping

    /// Writes a state as the newest.
    ///
    /// - Throws: `FileWriteError` when a file cannot be written or moved.
    func write(_ file: SafetensorsFile, isBest: Bool) throws {
        try shift()
        try file.write(to: newest)
        if isBest && keeping.best { try file.write(to: url("best")) }
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
