import Autograd
import Datasets
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct TeacherCacheTests {
    typealias Result = TinyLesson.Result

    static func distiller(_ cache: URL?, _ teacher: any Module = TinyLesson.teacher) -> Distiller {
        Distiller(teacher: teacher, temperature: .linear(from: 3, to: 1), teacherCache: cache)
    }

    static let epochs = (0..<4).map { "epoch-\($0).safetensors" }

    func files(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test("A run that fills the cache, one that reads it and one without have the same bits, on 1 and 2 threads")
    func sameBits() throws {
        let live = try TinyLesson.result(Self.distiller(nil))
        try withTemporaryFolder { folder in
            let cache = folder.appending(path: "outputs/of the teacher")
            let filling = try Parallel.withThreads(2) { try TinyLesson.result(Self.distiller(cache)) }
            #expect(try files(cache) == Self.epochs + ["validation.safetensors"])
            let reading = try Parallel.withThreads(1) { try TinyLesson.result(Self.distiller(cache)) }
            #expect(filling == live && reading == live)
        }
    }

    @Test("Later students, of another kind and with other terms, do not run the teachers after their first images")
    func laterStudents() throws {
        try withTemporaryFolder { cache in
            let counter = Counter()
            let (teacher, second) = (counter.counting(TinyLesson.teacher), counter.counting(TinyLesson.second))
            func run(_ averaging: Ensemble.Averaging, _ student: TinyNet, cache: URL?) throws -> (Result, asked: Int) {
                let before = counter.count
                let distiller = Distiller(
                    teacher: Ensemble([teacher, second], averaging: averaging), loss: .standardized(.hinton),
                    temperature: .constant(2), hardLabelWeight: .constant(0.3), teacherCache: cache)
                return (try TinyLesson.result(distiller, student), counter.count - before)
            }
            #expect(try run(.logits, TinyNet(seed: 1), cache: cache).asked == 2 * 13)
            for averaging in [Ensemble.Averaging.probabilities, .crossEntropy] {
                let student = TinyNet(width: 4, seed: 6)
                let (cached, asked) = try run(averaging, student, cache: cache)
                #expect(asked == 2)
                #expect(try run(averaging, student, cache: nil).0 == cached)
            }
        }
    }

    @Test("A search for the temperature asks the teacher once for each step of its longest runs")
    func search() throws {
        try withTemporaryFolder { cache in
            let counter = Counter()
            let distiller = Self.distiller(cache, counter.counting(TinyLesson.teacher))
            let search = try TemperatureSearch(
                distiller, student: TinyNet(seed: 1), over: [1, 2, 4], on: TinyLesson.data, plan: TinyLesson.plan,
                rounds: 2)
            #expect(search.trials.map(\.steps) == [5, 5, 5, 11, 11])
            #expect(counter.count == 5 + 1 + 11)  // once at the begin of each run
        }
    }

    // With λ = 1 the teacher is not asked, so the first run leaves gaps.
    @Test("Steps that the first student was not taught in are filled by the next")
    func gaps() throws {
        try withTemporaryFolder { cache in
            let counter = Counter()
            var distiller = Self.distiller(cache, counter.counting(TinyLesson.teacher))
            distiller.hardLabelWeight = .step(from: 1, factor: 0.5, at: [0.4])
            _ = try TinyLesson.result(distiller)
            #expect(counter.count == 1 + 1 + 6)
            #expect(try files(cache) == Self.epochs.dropFirst() + ["validation.safetensors"])
            distiller.hardLabelWeight = .constant(0.5)
            let filled = try TinyLesson.result(distiller)
            #expect(counter.count == 1 + 1 + 6 + 1 + 5)
            distiller.teacherCache = nil
            #expect(try TinyLesson.result(distiller) == filled)
        }
    }

    @Test("A cache of another run is refused before the first step with what differs, and stays as it was")
    func stale() throws {
        try withTemporaryFolder { cache in
            _ = try TinyLesson.result(Self.distiller(cache))
            let before = try Self.epochs.map { try Data(contentsOf: cache.appending(path: $0)) }
            func expectRefusal(
                _ what: String, _ teacher: any Module = TinyLesson.teacher, plan: TrainingPlan = TinyLesson.plan,
                _ change: (inout TrainingData) -> Void = { _ in }
            ) {
                var data = TinyLesson.data
                change(&data)
                let error = #expect(throws: FormatError.self) {
                    try TinyLesson.result(Self.distiller(cache, teacher), TinyNet(seed: 1), plan, data) { _ in
                        Issue.record("a step was trained")
                    }
                }
                #expect(error?.found == what && error?.file.hasSuffix("epoch-0.safetensors") == true)
            }
            func changed(_ change: (inout TrainingPlan) -> Void) -> TrainingPlan {
                var plan = TinyLesson.plan
                change(&plan)
                return plan
            }
            let network = TinyLesson.teacher
            expectRefusal("another teacher", TinyLesson.second)
            expectRefusal("another teacher", Ensemble([network, network]))
            expectRefusal("another teacher", withStatistics(TinyNet(width: 5, seed: 8), seed: 10))
            expectRefusal("another teacher", ClosureModule { network($0) })
            expectRefusal("another seed (\(TinyLesson.plan.seed), now 6)", plan: changed { $0.seed = 6 })
            expectRefusal(
                "another batch size (\(TinyLesson.plan.batchSize), now 5)", plan: changed { $0.batchSize = 5 })
            expectRefusal(
                "another unlabelled batch size (\(TinyLesson.plan.unlabelledBatchSize), now 2)",
                plan: changed { $0.unlabelledBatchSize = 2 })
            expectRefusal(
                "another steps an epoch (\(TinyLesson.plan.stepsPerEpoch), now 4)",
                plan: changed { $0.stepsPerEpoch = 4 })
            expectRefusal("other labelled images") { $0.labelled = TinyTask.images(15, seed: 7) }
            expectRefusal("other unlabelled images") { $0.unlabelled = TinyTask.images(9, seed: 2, firstID: 101) }
            expectRefusal("another augmentation") { $0.transform = TinyNoise(deviation: 0.2) }
            expectRefusal("other controllers") { $0.controllers = [TinySteering()] }
            expectRefusal("another normalization") { $0.normalization = Normalization(mean: [0.1], deviation: [1]) }
            #expect(try Self.epochs.map { try Data(contentsOf: cache.appending(path: $0)) } == before)
            // What views do not depend on may differ: a longer run, a faster one, other validation images.
            var longer = changed { $0.steps = 14 }
            longer.learningRate = .constant(0.01)
            var data = TinyLesson.data
            data.validation = nil
            _ = try TinyLesson.result(Self.distiller(cache), TinyNet(seed: 2), longer, data)
            #expect(try files(cache) == Self.epochs + ["epoch-4.safetensors", "validation.safetensors"])
        }
    }

    @Test("A steered run reads its own views again; a student that steers otherwise is refused where its views part")
    func steered() throws {
        try withTemporaryFolder { cache in
            var data = TinyLesson.data
            data.controllers = [TinySteering()]
            let first = try TinyLesson.result(Self.distiller(cache), TinyNet(seed: 1), TinyLesson.plan, data)
            #expect(try TinyLesson.result(Self.distiller(cache), TinyNet(seed: 1), TinyLesson.plan, data) == first)
            var student = TinyNet(seed: 2)
            let steps = Mutex(0)
            let error = #expect(throws: FormatError.self) {
                try Self.distiller(cache).fit(&student, on: data, plan: TinyLesson.plan) { _, done in
                    steps.withLock { $0 = done }
                }
            }
            // The first epoch is the same for all: nothing has steered it yet.
            #expect(error?.place == "step 3" && error?.found == "outputs for other views")
            #expect(error?.file == cache.appending(path: Self.epochs[1]).path && steps.withLock { $0 } == 3)
            #expect(student.bits == TinyNet(seed: 2).bits)
        }
    }

    @Test("A teacher whose code changed, while type and weights did not, is noticed by its outputs")
    func silentTeacher() throws {
        try withTemporaryFolder { cache in
            let network = TinyLesson.teacher
            _ = try TinyLesson.result(Self.distiller(cache, ClosureModule { network($0) }))
            let error = #expect(throws: FormatError.self) {
                try TinyLesson.result(Self.distiller(cache, ClosureModule { network($0) * 2 }))
            }
            #expect(error?.found == "another teacher's arithmetic")
        }
    }

    @Test("A transform that changes without a sign, as a closure does, is noticed by its views")
    func silentTransform() throws {
        struct Shift: BatchTransform {
            let amount: Float

            func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
                var batch = PlainTransform()(raw, normalization: normalization)
                batch.inputs = batch.inputs.map { $0 + amount }
                return batch
            }
        }
        try withTemporaryFolder { cache in
            var data = TinyLesson.data
            data.transform = Shift(amount: 0)
            _ = try TinyLesson.result(Self.distiller(cache), TinyNet(seed: 1), TinyLesson.plan, data)
            data.transform = Shift(amount: 1e-3)
            let error = #expect(throws: FormatError.self) {
                try TinyLesson.result(Self.distiller(cache), TinyNet(seed: 1), TinyLesson.plan, data)
            }
            #expect(error?.place == "step 0" && error?.found == "outputs for other views")
        }
    }

    @Test("Hints and a teacher that follows the student have no cache; a folder that cannot be made shows at once")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let cache = folder.appending(path: "cache")
            var hinted = Self.distiller(cache)
            hinted.hints = [Hint("early", loss: .attention)]
            let following = Self.distiller(cache, Ensemble([TinyLesson.teacher, MeanTeacher(of: TinyNet(seed: 1))]))
            for (distiller, found) in [
                (hinted, "hints or contrasts"), (following, "a teacher that follows the student"),
            ] {
                let error = #expect(throws: ConfigurationError.self) { try TinyLesson.result(distiller) }
                #expect(error?.place == "teacherCache" && error?.problem.contains(found) == true)
            }
            #expect(try files(folder).isEmpty)
            try Data("keep".utf8).write(to: cache)
            #expect(throws: FileWriteError.self) {
                try TinyLesson.result(Self.distiller(cache)) { _ in Issue.record("a step was trained") }
            }
            #expect(try Data(contentsOf: cache) == Data("keep".utf8))
        }
    }

    @Test("A damaged file is refused, whatever was changed in it, and never crashes")
    func damage() throws {
        try withTemporaryFolder { cache in
            _ = try TinyLesson.result(Self.distiller(cache))
            let url = cache.appending(path: Self.epochs[0])
            let bytes = [UInt8](try Data(contentsOf: url))
            var random = Philox(seed: 3)
            var damaged = (0..<40).map { _ in Array(bytes[..<random.index(below: bytes.count)]) }
            for _ in 0..<150 {
                var copy = bytes
                copy[random.index(below: bytes.count)] ^= 1 << UInt8(random.index(below: 8))
                damaged.append(copy)
            }
            damaged += [[], Array("retort".utf8), Array(bytes.dropLast()), bytes + [0]]
            for content in damaged {
                try Data(content).write(to: url)
                #expect(throws: FormatError.self) { try TinyLesson.result(Self.distiller(cache)) }
            }
            try FileManager.default.removeItem(at: url)
            #expect(try TinyLesson.result(Self.distiller(cache)) == TinyLesson.result(Self.distiller(nil)))
            #expect([UInt8](try Data(contentsOf: url)) == bytes)
        }
    }
}
