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

/// What went through a network, in order.
private final class Log: Sendable {
    private let entries = Mutex<[(inputs: [Float], isTraining: Bool)]>([])

    func add(_ input: Variable) {
        entries.withLock { $0.append((input.value.scalars, input.tape.mode == .training)) }
    }

    var all: [(inputs: [Float], isTraining: Bool)] { entries.withLock { $0 } }
}

/// A network that writes down what it sees.
private struct Spy: Module {
    var network: TinyNet
    let log: Log

    func callAsFunction(_ input: Variable) -> Variable {
        log.add(input)
        return network(input)
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("network", &network) }
}

@Suite struct DistillerTests {
    private static let plan = TrainingPlan(
        steps: 11, stepsPerEpoch: 3, batchSize: 6, unlabelledBatchSize: 3, seed: 5)

    private static var data: TrainingData {
        TrainingData(
            labelled: TinyTask.images(15), unlabelled: TinyTask.images(9, seed: 2, firstID: 100),
            validation: TinyTask.images(12, seed: 3, firstID: 200), transform: TinyNoise(),
            controllers: [TinySteering()])
    }

    private static let teacher = withStatistics(TinyNet(width: 5, seed: 8), seed: 9)

    /// Two hints on perturbed maps, both schedules in motion.
    private static var whole: Distiller {
        Distiller(
            teacher: teacher, temperature: .linear(from: 3, to: 1), hardLabelWeight: .cosine(from: 0.9, to: 0.1),
            hints: [Hint("early", weight: 0.5), Hint(student: "late", teacher: "early")]
        ) { shape, random in
            FeaturePerturbation(
                multiplier: Tensor(uniform: [shape[0], shape[1], shape[2], 1], in: 0...2, using: &random),
                channelPermutation: random.permutation(of: shape[3]))
        }
    }

    private struct Result: Equatable {
        let bits: [String: [UInt32]]
        let history: History
    }

    private static func result(
        _ distiller: Distiller = whole, _ plan: TrainingPlan = plan, _ data: TrainingData = data,
        checkpoint: URL? = nil, progress: (@Sendable (TrainingProgress) -> Void)? = nil
    ) throws -> Result {
        var student = TinyNet(seed: 1)
        let history = try distiller.fit(&student, on: data, plan: plan, checkpoint: checkpoint, progress: progress)
        return Result(bits: student.bits, history: history)
    }

    @Test("λ = 1 is plain training to the last bit, and asks the teacher nothing in any step")
    func allHard() throws {
        var plain = TinyNet(seed: 1)
        let history = try Trainer(Self.plan, on: Self.data).fit(&plain)
        let log = Log()
        let distilled = try Self.result(
            Distiller(teacher: Spy(network: Self.teacher, log: log), hardLabelWeight: .constant(1)))
        #expect(distilled.bits == plain.bits)
        #expect(distilled.history.epochs.map(\.loss) == history.epochs.map(\.loss))
        #expect(
            distilled.history.epochs.map(\.validation?.confusion) == history.epochs.map(\.validation?.confusion))
        // The images that adapters start from, and those of the validation.
        #expect(log.all.count == 2)
    }

    @Test("Each validation says on how many images student and teacher choose alike")
    func agreement() throws {
        var student = TinyNet(seed: 1)
        let history = try Self.whole.fit(&student, on: Self.data, plan: Self.plan)
        let images = try #require(Self.data.validation).loaded()
        let choices = [student, Self.teacher].map { network in
            images.batches(of: 12, normalization: Self.data.normalization).flatMap {
                network.predict($0.inputs).argmax()
            }
        }
        let alike = zip(choices[0], choices[1]).filter { $0 == $1 }.count
        #expect((1...11).contains(alike), "a share of 0 or 1 would show little")
        #expect(history.epochs.last?.validation?.agreement == Double(alike) / 12)
    }

    @Test("λ = 0 does not look at the labels")
    func allSoft() throws {
        var data = Self.data
        data.controllers = []  // which do
        let distiller = Distiller(teacher: Self.teacher, hardLabelWeight: .constant(0))
        let right = try Self.result(distiller, Self.plan, data)
        let images = data.labelled
        data.labelled = images.replacing(
            ImageIndex(
                labels: images.labels.map { $0.map { 2 - $0 } }, classNames: images.classNames,
                sampleIDs: images.sampleIDs))
        #expect(try Self.result(distiller, Self.plan, data).bits == right.bits)
    }

    @Test("The teacher sees the very inputs of the student, in evaluation mode, once a step")
    func sameView() throws {
        let (teacherLog, studentLog) = (Log(), Log())
        var student = Spy(network: TinyNet(seed: 1), log: studentLog)
        var distiller = Self.whole
        distiller.teacher = Spy(network: Self.teacher, log: teacherLog)
        _ = try distiller.fit(&student, on: Self.data, plan: Self.plan)
        // After the images that adapters start from, and those of the validation.
        let taught = teacherLog.all.dropFirst(2)
        let learnt = studentLog.all.filter(\.isTraining).dropFirst()
        #expect(taught.count == 11 && taught.allSatisfy { !$0.isTraining })
        #expect(taught.map(\.inputs) == learnt.map(\.inputs))
        #expect(Set(learnt.map(\.inputs)).count == 11)
        #expect(learnt.allSatisfy { $0.inputs.count == 9 * 64 })
    }

    @Test("The teacher keeps its weights and statistics, the student its parameters' names; adapters are gone")
    func whatChanges() throws {
        let distiller = Self.whole
        var student = TinyNet(seed: 1)
        let history = try distiller.fit(&student, on: Self.data, plan: Self.plan)
        #expect(distiller.teacher.bits == Self.teacher.bits)
        #expect(student.parameters.map(\.path) == TinyNet(seed: 1).parameters.map(\.path))
        #expect(student.bits != TinyNet(seed: 1).bits)
        // The last of 11 steps: T = 3 − 2 · 10/11.
        let last = try #require(history.epochs.last?.values)
        #expect(abs((last["temperature"] ?? 0) - (3 - 20.0 / 11)) < 1e-5)
        #expect((0.1..<0.2).contains(last["hardLabelWeight"] ?? 0))
    }

    @Test("Every loss and every kind of hint, on outputs and maps, takes part and can be learnt from")
    func everyLoss() throws {
        let responses = ResponseLossTests.losses.map { loss in
            Distiller(teacher: Self.teacher, loss: loss, hardLabelWeight: .constant(0.5))
        }
        let kinds: [FeatureLoss] = [.hint, .marginReLU, .attention, .similarity, .relational()]
        let hints = kinds.map { Distiller(teacher: Self.teacher, hints: [Hint("early", loss: $0), Hint("late")]) }
        let results = try (responses + hints).map { try Self.result($0) }
        #expect(Set(results.map(\.bits)).count == results.count)
        // Each hint's loss is logged under its name, and so are the terms.
        for (result, kind) in zip(results.suffix(kinds.count), kinds) {
            let values = try #require(result.history.epochs.last?.values)
            let name = Hint("early", loss: kind).name
            #expect(
                Set(values.keys) == ["temperature", "hardLabelWeight", "crossEntropy", "response", name, "hint late"])
            #expect(values.values.allSatisfy { $0.isFinite })
        }
    }

    @Test("Hints and their weights take part, and so does the response loss' temperature")
    func everyTermCounts() throws {
        var variants = [Self.whole]
        for change: (inout Distiller) -> Void in [
            { $0.hints = [] }, { $0.hints = [Hint("early")] }, { $0.hints = [Hint("early", weight: 0.5)] },
            { $0.perturbing = nil }, { $0.temperature = .constant(3) }, { $0.hardLabelWeight = .constant(0.9) },
        ] {
            variants.append(Self.whole)
            change(&variants[variants.count - 1])
        }
        #expect(Set(try variants.map { try Self.result($0).bits }).count == variants.count)
    }

    @Test("Stopped after any epoch and resumed, with hints on perturbed maps: the same bits; 1 and 2 threads too")
    func resume() async throws {
        try await expectSameResultAfterStops { try Self.result(checkpoint: $0, progress: $1) }
    }

    @Test("A checkpoint of another teacher, loss or hint is refused")
    func otherCheckpoints() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try Self.result(checkpoint: url)
            for change: (inout Distiller) -> Void in [
                { $0.temperature = .linear(from: 3, to: 2) }, { $0.hardLabelWeight = .constant(0.5) },
                { $0.hints[0] = Hint("early", weight: 0.6) }, { $0.perturbing = nil },
                { $0.hints[1] = Hint(student: "late", teacher: "early", loss: .marginReLU) },
                { $0.loss = .standardized(.hinton) }, { $0.loss = .decoupled(nonTarget: 7) },
            ] {
                var other = Self.whole
                change(&other)
                let error = #expect(throws: FormatError.self) { try Self.result(other, checkpoint: url) }
                #expect(error?.found.hasPrefix("another loss") == true)
            }
            var other = Self.whole
            other.teacher = withStatistics(TinyNet(width: 5, seed: 8), seed: 10)
            // With hints, whose adapters start from its maps, and without.
            for expected in ["another teacher", "another teacher"] {
                let error = #expect(throws: FormatError.self) { try Self.result(other, checkpoint: url) }
                #expect(error?.found == expected)
                guard other.hints != [] else { break }
                other.hints = []
                try FileManager.default.removeItem(at: url)
                var plain = Self.whole
                plain.hints = []
                _ = try Self.result(plain, checkpoint: url)
            }
        }
    }

    // Were they drawn from the student's stream, its dropout would shift them.
    @Test("Perturbations depend on seed, step and hint alone")
    func perturbationStream() throws {
        func draws(dropout: Float, hints: [Hint]) throws -> [[UInt32]] {
            let drawn = Mutex<[[UInt32]]>([])
            let distiller = Distiller(teacher: Self.teacher, hints: hints) { shape, random in
                let words = [random.nextWord(), random.nextWord()]
                drawn.withLock { $0.append(words) }
                return FeaturePerturbation()
            }
            var student = TinyNet(dropout: dropout, seed: 1)
            _ = try distiller.fit(&student, on: Self.data, plan: Self.plan)
            return drawn.withLock { $0 }
        }
        let both = try draws(dropout: 0, hints: [Hint("early"), Hint("late")])
        #expect(both.count == 22 && Set(both).count == 22)
        #expect(try draws(dropout: 0.5, hints: [Hint("early"), Hint("late")]) == both)
        #expect(try draws(dropout: 0, hints: [Hint("late")]) == both.indices.filter { $0 % 2 == 0 }.map { both[$0] })
    }

    @Test("Maps of other shapes, vectors too, for the losses that take them")
    func freeShapes() throws {
        let teacher = ClosureModule { input in
            let vector = input.averagePooled(Pool2DGeometry(input: (8, 8, 1), window: (3, 3))).named("odd").flattened()
                .named("vector")
            return vector.multiplied(byMatrix: input.tape.constant(.ones([vector.shape[1], 3])))
        }
        for name in ["odd", "vector"] {
            for loss in [FeatureLoss.similarity, .relational()] {
                let hint = Hint(student: "late", teacher: name, loss: loss)
                _ = try Self.result(Distiller(teacher: teacher, hints: [hint]))
            }
        }
    }

    @Test("A teacher whose outputs are NaN is refused before the first step; one that becomes so later, then")
    func brokenTeacher() throws {
        let calls = Mutex(0)
        func teacher(failingAt failure: Int) -> ClosureModule {
            calls.withLock { $0 = 0 }
            let network = Self.teacher
            return ClosureModule { input in
                let call = calls.withLock { count in
                    count += 1
                    return count
                }
                return network(input) * (call == failure ? .nan : 1)
            }
        }
        // The first call is of the check, the second of the validation images.
        for (failure, place) in [(1, "before the first step"), (5, "in step 2")] {
            let steps = Mutex(0)
            let error = #expect(throws: ConfigurationError.self) {
                try Self.result(Distiller(teacher: teacher(failingAt: failure))) { _ in steps.withLock { $0 += 1 } }
            }
            #expect(error?.place == "teacher" && error?.problem.contains(" infinite \(place): ") == true)
            #expect(steps.withLock { $0 } == max(0, failure - 3))
        }
    }

    @Test("A schedule that leaves its range anywhere in the run is refused before the first step")
    func impossibleSchedules() {
        func refusal(_ change: (inout Distiller) -> Void) -> (place: String?, problem: String?) {
            var distiller = Self.whole
            change(&distiller)
            let error = #expect(throws: ConfigurationError.self) {
                try Self.result(distiller) { _ in Issue.record("a step was trained") }
            }
            return (error?.place, error?.problem)
        }
        for (key, step, change) in [
            ("hardLabelWeight", 6, { $0.hardLabelWeight = .linear(from: 0.5, to: 1.5) }),
            ("temperature", 9, { $0.temperature = .linear(from: 3, to: -1) }),
            ("temperature", 0, { $0.temperature = .constant(.nan) }),
        ] as [(String, Int, (inout Distiller) -> Void)] {
            let (place, problem) = refusal(change)
            #expect(place == key && problem?.contains(" in step \(step) ") == true)
        }
        #expect(refusal { $0.loss = .decoupled(target: -1) }.place == "loss.target")
    }
}
