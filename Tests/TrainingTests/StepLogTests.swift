import Datasets
import Foundation
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite struct StepLogTests {
    private static func trained(
        _ url: URL, steps: Int = 23, every: Int? = nil, keepingSteps: Bool = true, stoppedAfter stop: Int? = nil
    ) throws -> TinyRun.Result {
        var (network, plan) = (TinyRun.network, TinyRun.plan)
        plan.steps = steps
        let done = Mutex(0)
        var trainer = Trainer(plan, on: TinyRun.data, checkpoint: url) { step in done.withLock { $0 = step.step } }
        trainer.keeping = CheckpointKeeping(every: every, last: 3, steps: keepingSteps)
        trainer.shouldStop = { done.withLock { $0 == stop } }
        let history = try trainer.fit(&network)
        return TinyRun.Result(bits: network.bits, history: history)
    }

    private static func lines(_ url: URL) throws -> [String] {
        try String(contentsOf: url.appendingPathExtension("steps"), encoding: .utf8).split(separator: "\n").map(
            String.init)
    }

    @Test("Every step and epoch is one line of the log, with the values that the history has")
    func lines() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            let history = try Self.trained(url).history
            let found = try Self.lines(url)
            #expect(found.count == 1 + 23 + 8 && found[0] == #"{"log":"retort steps 1"}"#)
            let steps = try found.filter { $0.contains(#""step":"#) }.map {
                try StableCoding.value(StepLog.Step.self, from: Data($0.utf8))
            }
            #expect(steps.map(\.step) == Array(0..<23))
            #expect(steps.map { $0.values["loss"] } == history.epochs.flatMap { $0.steps["loss"] ?? [] })
        }
    }

    @Test("A state is as large after 200 steps as after 20: the steps are in the log alone")
    func constantSize() throws {
        try withTemporaryFolder { folder in
            let sizes = try [20, 200].map { steps in
                let url = folder.appending(path: "\(steps)")
                _ = try Self.trained(url, steps: steps)
                return try OutputFile.size(url)
            }
            // Numbers have more digits, and no more.
            #expect(abs(sizes[0] - sizes[1]) < 100)
        }
    }

    @Test("Lines after the state, a torn one among them, are cut away; the resumed run is the whole one")
    func cutBack() throws {
        try withTemporaryFolder { folder in
            let (one, other) = (folder.appending(path: "whole"), folder.appending(path: "run"))
            let whole = try Self.trained(one)
            for tail in ["", #"{"step":7,"values":{"loss":1}}"# + "\n", #"{"step":7,"va"#, "\n\n", "\u{0}"] {
                #expect(throws: TrainingError.self) { try Self.trained(other, stoppedAfter: 7) }
                let log = other.appendingPathExtension("steps")
                try AtomicFile.write(Data(contentsOf: log) + Data(tail.utf8), to: log)
                #expect(try Self.trained(other) == whole)
                #expect(try Self.lines(other) == Self.lines(one))
                for name in ["run", "run.1", "run.2"] {
                    try FileManager.default.removeItem(at: folder.appending(path: name))
                }
            }
        }
    }

    @Test(
        "Without the values of steps: the same weights and epochs, nothing of steps in memory, all of them in the log")
    func withoutSteps() throws {
        try withTemporaryFolder { folder in
            let (one, other) = (folder.appending(path: "whole"), folder.appending(path: "run"))
            let whole = try Self.trained(one)
            #expect(throws: TrainingError.self) { try Self.trained(other, keepingSteps: false, stoppedAfter: 7) }
            let found = try Self.trained(other, keepingSteps: false)
            #expect(found.bits == whole.bits && found.history.epochs.allSatisfy { $0.steps.isEmpty })
            #expect(found.history.epochs == whole.history.epochs.map(\.withoutSteps))
            #expect(try Self.lines(other) == Self.lines(one))
            // One that asks for them later has them from the log.
            #expect(try Self.trained(other) == whole)
        }
    }

    @Test("An older state that is copied over the newest goes on from the log it shares with it")
    func goingBack() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            let whole = try Self.trained(url, every: 2)
            for name in ["run.1", "run.2"] {
                try AtomicFile.write(Data(contentsOf: folder.appending(path: name)), to: url)
                #expect(try Self.trained(url, every: 2) == whole)
            }
            // Under a name of its own it takes its part of the log along, and leaves the other as it is.
            let log = try Self.lines(url)
            #expect(try Self.trained(folder.appending(path: "run.2"), every: 2) == whole)
            #expect(try Self.lines(url) == log && Self.lines(folder.appending(path: "run.2")) == log)
        }
    }

    @Test("A log that is missing, shorter, changed or of another run is refused by its name")
    func otherLogs() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            #expect(throws: TrainingError.self) { try Self.trained(url, stoppedAfter: 7) }
            let log = url.appendingPathExtension("steps")
            let bytes = try Data(contentsOf: log)
            var changed = bytes
            changed[200] ^= 1
            for content in [nil, Data(), bytes.dropLast(), changed, Data("notes of mine\n".utf8)] {
                try FileManager.default.removeItem(at: log)
                if let content { try content.write(to: log) }
                let error = #expect(throws: FormatError.self) { try Self.trained(url) }
                #expect(error?.file == log.path && error?.advice?.hasPrefix("put it back, or remove ") == true)
                #expect((try? Data(contentsOf: log)) == content)
                try bytes.write(to: log)
            }
            _ = try Self.trained(url)
        }
    }

    @Test("A file of another kind in the log's place is never overwritten")
    func foreignFile() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            let log = url.appendingPathExtension("steps")
            for content in ["notes of mine\n", "no end of line", String(repeating: "x", count: 5000)] {
                try Data(content.utf8).write(to: log)
                #expect(throws: FileWriteError.self) { try Self.trained(url) }
                #expect(try String(contentsOf: log, encoding: .utf8) == content)
                #expect(!FileManager.default.fileExists(atPath: url.path))
            }
        }
    }

    #if os(Linux)
        @Test("A full disk in the middle of a run leaves a state and a log that go on")
        func fullDisk() async throws {
            await #expect(processExitsWith: .success) {
                try withTemporaryFolder { folder throws in
                    let url = folder.appending(path: "run")
                    let whole = try StepLogTests.trained(folder.appending(path: "whole"), steps: 400)
                    try onFullDisk(after: 20_000) {
                        #expect(throws: FileWriteError.self) { try StepLogTests.trained(url, steps: 400) }
                    }
                    #expect(try StepLogTests.trained(url, steps: 400) == whole)
                }
            }
        }
    #endif

    @Test("Two runs on one checkpoint: the second is told so and changes nothing, the first goes on")
    func twoRuns() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            let link = folder.appending(path: "link")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: url)
            var network = TinyRun.network
            let refusals = Mutex<[String]>([])
            let trainer = Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: url) { progress in
                guard progress.step == 5 else { return }
                for name in [url, link] {
                    do { _ = try TinyRun.result(checkpoint: name) } catch {
                        refusals.withLock { $0.append("\(error)") }
                    }
                }
            }
            let history = try trainer.fit(&network)
            #expect(try TinyRun.Result(bits: network.bits, history: history) == TinyRun.result())
            #expect(refusals.withLock { $0.count } == 2)
            #expect(refusals.withLock { $0.allSatisfy { $0.contains("another run is using it") } })
            // Nothing of the lock stays.
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == ["link", "run", "run.steps"])
        }
    }
}
