import Datasets
import Foundation
import Layers
import TensorCore

/// Where a run's states and its log are kept, for as long as the run goes.
struct RunStore {
    private let files: CheckpointFiles
    private let frame: RunFrame

    /// - Throws: `FileWriteError` while another run uses the files.
    init(_ checkpoint: URL, keeping: CheckpointKeeping, frame: RunFrame) throws {
        files = try CheckpointFiles(checkpoint, keeping: keeping)
        self.frame = frame
    }

    /// Takes over the state that is there; where there is none, makes sure that one can be written.
    ///
    /// - Throws: `FormatError` for one of another run, `FileWriteError`.
    func open<M: Module>(_ run: inout Run<M>) throws {
        guard FileManager.default.fileExists(atPath: files.newest.path) else {
            try files.log.begin()
            // A folder that cannot be written and a full disk show now, and not after an epoch.
            return try OutputFile.check(files.newest, holding: run.file(in: frame, log: files.log.extent).encoded())
        }
        let state: StoredState
        do { state = try StoredState(files.newest) } catch let error as FormatError {
            guard let older = files.older else { throw error }
            throw error.advising("go back to the state before: copy \(older.pathAsGiven) over it")
        }
        try run.restore(from: state, log: files.log, in: frame)
    }

    func add(_ step: StepLog.Step) throws { try files.log.add(step) }

    func add(_ epoch: History.Epoch) throws { try files.log.add(epoch) }

    /// - Throws: `FileWriteError`.
    func save(_ run: Run<some Module>) throws {
        // Between epochs alone, as the last validation is otherwise of an older state.
        let isBest = run.step == min(run.epoch * frame.plan.stepsPerEpoch, frame.plan.steps) && run.isBestSoFar
        try files.write(isBest: isBest) { try run.file(in: frame, log: $0) }
    }

    /// Waits until all is on the disk.
    ///
    /// - Throws: `FileWriteError`.
    func finish() throws { try files.sync() }
}
