import Foundation
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

@Suite("States that a run keeps")
struct KeptStatesTests {
    /// A run to its end that keeps its best state, and what trained it.
    private static func keepingBest(_ folder: URL) throws -> (trainer: Trainer, history: History) {
        var trainer = Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: folder.appending(path: "run"))
        trainer.keeping = CheckpointKeeping(best: true)
        var network = TinyRun.network
        return (trainer, try trainer.fit(&network))
    }

    /// Removes the files of such a run.
    private static func removeRun(_ folder: URL) throws {
        for name in ["run", "run.best", "run.steps"] {
            try FileManager.default.removeItem(at: folder.appending(path: name))
        }
    }

    @Test("Every second step: a kill loses one at most; the last three states and the best go on to the same result")
    func keeping() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            var network = TinyRun.network
            var trainer = Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: url)
            trainer.keeping = CheckpointKeeping(every: 2, last: 3, best: true)
            let history = try trainer.fit(&network)
            let whole = TinyRun.Result(bits: network.bits, history: history)
            #expect(try whole == TinyRun.result())
            let names = ["run", "run.1", "run.2", "run.best"]
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == names + ["run.steps"])
            let accuracies = history.epochs.compactMap(\.validation?.accuracy)
            let best = try #require(accuracies.firstIndex(of: accuracies.max() ?? 0))
            // States are written after each even step and each third, of 23.
            for (name, step) in zip(names, [23, 22, 21, min(3 * (best + 1), 23)]) {
                let steps = Mutex(0)
                let resumed = try TinyRun.result(checkpoint: folder.appending(path: name)) { _ in
                    steps.withLock { $0 += 1 }
                }
                #expect(resumed == whole)
                #expect(steps.withLock { $0 } == 23 - step, "\(name)")
            }
        }
    }

    @Test("What a run left that was killed while it wrote its best state goes when it is continued")
    func halfWritten() throws {
        try withTemporaryFolder { folder in
            let (trainer, history) = try Self.keepingBest(folder)
            try Data([0]).write(to: folder.appending(path: ".run.best.partial"))
            var again = TinyRun.network
            #expect(try trainer.fit(&again) == history)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(files == ["run", "run.best", "run.steps"])
        }
    }

    @Test("A run whose newest state is gone or damaged says which file goes on, and writes over none")
    func lostNewest() throws {
        try withTemporaryFolder { folder in
            func url(_ name: String) -> URL { folder.appending(path: name) }
            var trainer = Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: url("run"))
            trainer.keeping = CheckpointKeeping(every: 2, last: 3, best: true)
            var network = TinyRun.network
            let history = try trainer.fit(&network)
            func refusal() throws -> String {
                let before = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                var fresh = TinyRun.network
                let error = #expect(throws: FormatError.self) { try trainer.fit(&fresh) }
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == before)
                return error.map { "\($0)".replacing(folder.path + "/", with: "") } ?? ""
            }
            try FileManager.default.removeItem(at: url("run"))
            #expect(
                try refusal()
                    == "run: no such file, but older states of its run: run.1, run.2 and run.best; copy run.1 to run to "
                    + "go on from there, or remove them all to start afresh")
            try FileManager.default.removeItem(at: url("run.1"))
            try Data([1, 2, 3]).write(to: url("run"))
            #expect(
                try refusal().hasSuffix(
                    "or the name of a new file, expected; go back to the state before: copy run.2 over it"))
            // A state that is damaged itself is no way on.
            try Data([1, 2, 3]).write(to: url("run.2"))
            #expect(try refusal().hasSuffix("copy run.best over it"))
            let best = try Data(contentsOf: url("run.best"))
            try best.dropLast().write(to: url("run"))
            try FileManager.default.removeItem(at: url("run.best"))
            #expect(try refusal().hasSuffix("; copy it again, or remove it to start afresh"))
            try best.write(to: url("run"))
            var resumed = TinyRun.network
            #expect(try trainer.fit(&resumed) == history)
        }
    }

    @Test("The best state of the first epoch alone, as a kill may leave it, is no reason not to begin again")
    func firstBestAlone() throws {
        try withTemporaryFolder { folder in
            let (trained, whole) = try Self.keepingBest(folder)
            var trainer = trained
            try Self.removeRun(folder)
            let steps = Mutex(0)
            trainer.shouldStop = {
                steps.withLock {
                    $0 += 1; return $0 > TinyRun.plan.stepsPerEpoch
                }
            }
            var stopped = TinyRun.network
            #expect(throws: TrainingError.self) { try trainer.fit(&stopped) }
            try FileManager.default.removeItem(at: folder.appending(path: "run"))
            trainer.shouldStop = nil
            var again = TinyRun.network
            #expect(try trainer.fit(&again) == whole)
        }
    }

    @Test("A run that ended between its best state and its newest writes both again")
    func betweenBestAndNewest() throws {
        try withTemporaryFolder { folder in
            let best = folder.appending(path: "run.best")
            let (trained, history) = try Self.keepingBest(folder)
            var trainer = trained
            let whole = try Data(contentsOf: best)
            try Self.removeRun(folder)

            // A folder stands in the way of the best epoch's state.
            let accuracies = history.epochs.compactMap(\.validation?.accuracy)
            let last = 3 * (try #require(accuracies.firstIndex(of: accuracies.max() ?? 0)) + 1)
            trainer.progress = { progress in
                guard progress.step == last else { return }
                try? FileManager.default.removeItem(at: best)
                try? FileManager.default.createDirectory(at: best, withIntermediateDirectories: false)
            }
            var stopped = TinyRun.network
            #expect(throws: FileWriteError.self) { try trainer.fit(&stopped) }
            try FileManager.default.removeItem(at: best)
            trainer.progress = nil
            var resumed = TinyRun.network
            #expect(try trainer.fit(&resumed) == history)
            #expect(try Data(contentsOf: best) == whole)
        }
    }
}
