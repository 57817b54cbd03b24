import Datasets
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite struct CheckpointTests {
    /// Trains with a checkpoint until the given step has been reported, in a task that is cancelled there.
    private func stopped(after step: Int, _ url: URL) async throws {
        await Task {
            _ = #expect(throws: CancellationError.self) {
                try TinyRun.result(checkpoint: url) { if $0.step == step { cancelCurrentTask() } }
            }
        }.value
    }

    @Test("Stopped after any step and resumed is the uninterrupted run to the last bit: model, history, steering")
    func everyStep() async throws {
        let whole = try TinyRun.result()
        for stop in 1...22 {
            let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let url = folder.appending(path: "run.safetensors")
            try await stopped(after: stop, url)
            let steps = Mutex<[Int]>([])
            let resumed = try Parallel.withThreads(stop % 3 + 1) {
                try TinyRun.result(checkpoint: url) { step in steps.withLock { $0.append(step.step) } }
            }
            #expect(resumed == whole)
            #expect(steps.withLock { $0 } == Array(stop + 1...23))
            // Done: a further call changes nothing and trains no step.
            let again = try TinyRun.result(checkpoint: url) { _ in Issue.record("a step after the end") }
            #expect(again == whole)
        }
    }

    @Test("Early stopping survives: best weights, their age and their number are part of the state")
    func patience() async throws {
        var plan = TinyRun.plan
        plan.patience = 3
        let fixed = plan
        let whole = try TinyRun.result(fixed)
        let stop = try #require(whole.history.epochs.last?.number)
        for epoch in 1...max(stop, 1) {
            let url = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
            defer {
                for file in [url, url.appendingPathExtension("steps")] { try? FileManager.default.removeItem(at: file) }
            }
            await Task {
                _ = try? TinyRun.result(fixed, checkpoint: url) { if $0.step == 3 * epoch + 1 { cancelCurrentTask() } }
            }.value
            #expect(try TinyRun.result(fixed, checkpoint: url) == whole)
        }
    }

    @Test("shouldStop ends the run after the step, with its number and the file; without one too")
    func shouldStop() throws {
        try withTemporaryFolder { folder in
            for url in [folder.appending(path: "run.safetensors"), nil] {
                var network = TinyRun.network
                let steps = Mutex(0)
                var trainer = Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: url) { step in
                    steps.withLock { $0 = step.step }
                }
                trainer.shouldStop = { steps.withLock { $0 == 5 } }
                #expect(throws: TrainingError.stopped(step: 5, checkpoint: url?.path)) { try trainer.fit(&network) }
                #expect(network.bits == TinyRun.network.bits)
            }
            let resumed = try TinyRun.result(checkpoint: folder.appending(path: "run.safetensors"))
            #expect(try resumed == TinyRun.result())
        }
    }

    // Each child continues what the one before left behind; every third starts afresh.
    @Test("Killed at 20 moments, again and again, and resumed: the bits of the uninterrupted run")
    func killed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let url = folder.appending(path: "run.safetensors")
        let path = url.path
        var whole: TinyRun.Result?
        let time = try ContinuousClock().measure { whole = try TinyRun.result(checkpoint: url) }
        try FileManager.default.removeItem(at: url)
        for (kill, moment) in KillMoment.twenty(steps: 23, longest: time / 8, seed: 20).enumerated() {
            // A state before the newest would be in the way of a fresh start.
            for old in kill % 3 == 0 ? [url, url.appendingPathExtension("1")] : [] {
                try? FileManager.default.removeItem(at: old)
            }
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, moment = moment as KillMoment] in
                var network = TinyRun.network
                var trainer = Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: URL(filePath: path)) { progress in
                    moment.reached(progress.step)
                }
                trainer.keeping = CheckpointKeeping(every: 2, last: 2)
                _ = try trainer.fit(&network)
                KillMoment.strike()  // done before the moment came, or that step was done already
            }
            if kill % 3 == 2 || kill == 19 {
                let steps = Mutex(0)
                let resumed = try TinyRun.result(checkpoint: url) { _ in steps.withLock { $0 += 1 } }
                #expect(resumed == whole)
                // The third was killed at three quarters, after a checkpoint: what is left is trained, and no more.
                if kill == 2 { #expect(steps.withLock { (23 - moment.step...23 - moment.step + 2).contains($0) }) }
                // What a killed writer left behind is gone: the next write uses the same temporary name.
                let files = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
                #expect(files.subtracting(["run.safetensors.1"]) == ["run.safetensors", "run.safetensors.steps"])
            }
        }
    }

    @Test("A checkpoint of another run is refused with what differs, and the network stays as it was")
    func otherRuns() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run.safetensors")
            _ = try TinyRun.result(checkpoint: url)
            func expectRefusal(
                _ what: String, plan: TrainingPlan = TinyRun.plan, network: TinyNet = TinyRun.network,
                _ change: (inout TrainingData) -> Void = { _ in }
            ) {
                var data = TinyRun.data
                change(&data)
                var model = network
                let error = #expect(throws: FormatError.self) {
                    _ = try Trainer(plan, on: data, checkpoint: url).fit(&model)
                }
                #expect(error?.found == what && error?.file == url.path)
                #expect(model.bits == network.bits)
            }
            var longer = TinyRun.plan
            longer.steps += 1
            expectRefusal("another training plan (steps 23, now 24)", plan: longer)
            expectRefusal("another network", network: TinyNet(width: 4, seed: 4))
            expectRefusal("another network", network: TinyNet(seed: 5))
            expectRefusal("other labelled images") { $0.labelled = TinyTask.images(18) }
            expectRefusal("other labelled images") { $0.labelled = TinyTask.images(15, firstID: 1) }
            expectRefusal("a run with unlabelled images") { $0.unlabelled = nil }
            expectRefusal("other validation images") { $0.validation = TinyTask.images(12, seed: 4, firstID: 200) }
            expectRefusal("another normalization") { $0.normalization = Normalization(mean: [0.1], deviation: [1]) }
            expectRefusal("another augmentation") { $0.transform = TinyNoise(deviation: 0.2) }
            expectRefusal("another augmentation") { $0.transform = PlainTransform() }
            expectRefusal("other controllers") { $0.controllers = [] }
            expectRefusal("other controllers") { $0.controllers = [TinySteering(step: 2)] }
            var model = TinyRun.network
            let error = #expect(throws: FormatError.self) {
                _ = try Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: url).fit(&model, labelSmoothing: 0.1)
            }
            #expect(error?.found == "another loss")
        }
    }

    @Test("A run that is stopped before its first step leaves nothing, which another run could take for its own")
    func nothingDone() throws {
        try withTemporaryFolder { folder throws in
            var trainer = Trainer(TinyRun.plan, on: TinyRun.data, checkpoint: folder.appending(path: "run"))
            trainer.shouldStop = { true }
            var network = TinyRun.network
            #expect(throws: TrainingError.stopped(step: 0, checkpoint: nil)) { try trainer.fit(&network) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    @Test(
        "A state of another run is told by what both were asked for; where that is the same, by the part that differs")
    func settings() throws {
        try withTemporaryFolder { folder throws in
            let url = folder.appending(path: "run")
            func found(_ settings: [String: String], _ plan: TrainingPlan, _ smoothing: Float = 0) throws -> String? {
                var trainer = Trainer(plan, on: TinyRun.data, checkpoint: url)
                trainer.keeping.settings = settings
                var network = TinyRun.network
                do { _ = try trainer.fit(&network, labelSmoothing: smoothing) } catch let error as FormatError {
                    return error.found
                }
                return nil
            }
            let (asked, plan) = (["--seed": "5", "--labels": "all"], TinyRun.plan)
            #expect(try found(asked, plan) == nil)
            // What decides is what the run comes from, and not how it was asked for.
            #expect(try found(["--seed": "5", "--labels": "15"], plan) == nil)
            var other = plan
            other.seed = 6
            #expect(
                try found(["--seed": "6", "--rate": "1"], other)
                    == "it has --labels all, no --rate, --seed 5; this one has no --labels, --rate 1, --seed 6")
            #expect(
                try found(["--seed": "6", CheckpointKeeping.command: "other"], other)
                    == "it has no the command; this one has the command other")
            #expect(try found(["--seed": "5", "--labels": "a:\n  b"], other) == "it has another --labels")
            #expect(
                try found(asked, plan, 0.1)
                    == "another loss with the same options: a file that they name has changed, or the program")
            #expect(try found([:], other) == "another training plan (seed 5, now 6)")
        }
    }

    @Test("A damaged checkpoint is refused, whatever was changed in it, and never crashes")
    func damage() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run.safetensors")
            _ = try TinyRun.result(checkpoint: url)
            let bytes = [UInt8](try Data(contentsOf: url))
            // Reading costs most; so lengths and places at random, but all the shortest.
            var random = Philox(seed: 3)
            let lengths = Array(0..<16) + (0..<40).map { _ in random.index(below: bytes.count) } + [bytes.count - 1]
            var damaged = lengths.map { Array(bytes[..<$0]) }
            for _ in 0..<150 {
                var copy = bytes
                copy[random.index(below: bytes.count)] ^= 1 << UInt8(random.index(below: 8))
                damaged.append(copy)
            }
            damaged += [bytes + [0], [], Array("retort".utf8)]
            for content in damaged {
                try Data(content).write(to: url)
                #expect(throws: FormatError.self) { try TinyRun.result(checkpoint: url) }
            }
        }
    }

    @Test("NaN in a tensor, another file format and a folder in place of the file are refused")
    func foreignFiles() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run.safetensors")
            _ = try TinyRun.result(checkpoint: url)
            var file = try SafetensorsFile.read(url)
            file.entries["model/classifier.bias"] = .init(Tensor([0, .nan, 0]))
            try file.write(to: url)
            let error = #expect(throws: FormatError.self) { try TinyRun.result(checkpoint: url) }
            #expect(error?.place == "array model/classifier.bias")
            try SafetensorsFile(tensors: [("weight", .zeros([3]))]).write(to: url)
            #expect(throws: FormatError.self) { try TinyRun.result(checkpoint: url) }
            #expect(throws: FormatError.self) { try TinyRun.result(checkpoint: folder) }
        }
    }

    @Test("A folder that does not exist shows before the first step")
    func unwritable() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "missing/run.safetensors")
            #expect(throws: FileWriteError.self) {
                try TinyRun.result(checkpoint: url) { _ in Issue.record("a step was trained") }
            }
        }
    }

    #if os(Linux)
        @Test("On a full disk the run ends with FileWriteError and nothing half-written stays")
        func fullDisk() async {
            await #expect(processExitsWith: .success) {
                try withTemporaryFolder { folder throws in
                    try onFullDisk(after: 4096) {
                        #expect(throws: FileWriteError.self) {
                            try TinyRun.result(checkpoint: folder.appending(path: "run.safetensors"))
                        }
                    }
                    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
                }
            }
        }
    #endif

    @Test("Infinite losses in a report or a controller's state go through a checkpoint unchanged")
    func infiniteNumbers() throws {
        let report = ClassReport(epoch: 1, loss: .infinity, confusion: [[1]], classLosses: [-.infinity])
        let data = try StableCoding.data(report)
        #expect(try StableCoding.value(ClassReport.self, from: data) == report)
    }
}
