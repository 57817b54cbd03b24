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

    /// Takes over the state that is there, or writes the first.
    ///
    /// - Throws: `FormatError` for one of another run, `FileWriteError`.
    func open(_ run: inout Run<some Module>) throws {
        if FileManager.default.fileExists(atPath: files.newest.path) {
            try run.restore(from: SafetensorsFile.read(files.newest), log: files.log, in: frame)
        } else {
            try files.log.begin()
            try save(run)  // a folder that cannot be written shows now, and not after an epoch
        }
    }

    func add(_ step: StepLog.Step) throws { try files.log.add(step) }

    func add(_ epoch: History.Epoch) throws { try files.log.add(epoch) }

    /// - Throws: `FileWriteError`.
    func save(_ run: Run<some Module>) throws {
        // Between epochs alone, as the last validation is otherwise of an older state.
        let isBest = run.step == min(run.epoch * frame.plan.stepsPerEpoch, frame.plan.steps) && run.isBestSoFar
        try files.write(isBest: isBest) { try run.file(origin: frame.origin, log: $0) }
    }

    /// Waits until all is on the disk.
    ///
    /// - Throws: `FileWriteError`.
    func finish() throws { try files.sync() }
}
