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
    /// - Throws: `FormatError` for one that is damaged, missing or of another run, `FileWriteError`.
    func open<M: Module>(_ run: inout Run<M>) throws {
        let newest = files.newest.pathAsGiven
        guard FileManager.default.fileExists(atPath: files.newest.path) else {
            try checkNoneIsOlder()
            try files.log.begin()
            // A folder that cannot be written and a full disk show now, and not after an epoch.
            return try OutputFile.check(files.newest, holding: run.file(in: frame, log: files.log.extent).encoded())
        }
        let state: StoredState
        do { state = try StoredState(files.newest) } catch let error as FormatError {
            if let last = olderStates.first {
                throw error.advising("go back to the state before: copy \(last.url.pathAsGiven) over it")
            }
            // Of another kind of file nobody knows whether it may go.
            throw StoredState.isPossible(files.newest) ? error.advising("remove it to start afresh") : error
        }
        do { try run.restore(from: state, log: files.log, in: frame) } catch let error as FormatError {
            let all = ([newest] + olderStates.map(\.url.pathAsGiven)).inWords
            throw error.advising("remove \(all) to start afresh").advising("name another --checkpoint")
        }
    }

    /// Refuses to begin where the states of a run lie whose newest one is gone: they would be written over.
    private func checkNoneIsOlder() throws {
        let states = olderStates
        // A kill before the newest is written for the first time leaves the best alone, which is that of the first
        // epoch: the run begins again and writes it again.
        guard let last = states.first, states.contains(where: { $0.epoch > 1 || $0.url != files.best }) else {
            return
        }
        let newest = files.newest.pathAsGiven
        throw FormatError(
            file: newest,
            problem: "no such file, but older states of its run: \(states.map(\.url.pathAsGiven).inWords)",
            advice: "copy \(last.url.pathAsGiven) to \(newest) to go on from there"
        ).advising("remove \(states.count == 1 ? "it" : "them all") to start afresh")
    }

    /// States of the run before the newest that are undamaged, the last one first.
    private var olderStates: [(url: URL, epoch: Int)] {
        files.older.compactMap { url in (try? StoredState(url)).map { (url, $0.epoch) } }
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
