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

/// The distance of logits, from the fourth step on; no other loss has it at this weight.
private struct LateDistance: DistillationTerm, Codable {
    let name = "distance"
    var weight: Float = 0.5
    var begin = 3

    private enum CodingKeys: CodingKey { case weight, begin }

    func weight(in step: DistillationStep) -> Float { step.context.step < begin ? 0 : weight }

    func callAsFunction(_ step: DistillationStep) -> Variable {
        step.student.logits.meanSquaredError(to: step.teacher.logits)
    }
}

/// A learnt map from the student's pooled features to the teacher's.
private struct Projection: DistillationTerm, Module {
    let name = "projection"
    let studentFeatures: Set<String>
    let teacherFeatures: Set<String> = ["early"]
    var map: Dense

    init(from name: String = "late") {
        studentFeatures = [name]
        var random = Philox(seed: 3)
        map = Dense(6, 5, using: &random)
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("map", &map) }
    func callAsFunction(_ input: Variable) -> Variable { map(input) }

    func callAsFunction(_ step: DistillationStep) -> Variable {
        self(step.student["late"].globalAveragePooled()).meanSquaredError(to: globalAverage(step.teacher["early"]))
    }
}

@Suite struct OwnTermTests {
    private static func distiller(_ terms: any DistillationTerm...) -> Distiller {
        var distiller = Distiller(teacher: TinyLesson.teacher)
        distiller.terms = terms
        return distiller
    }

    private static func result(
        _ distiller: Distiller, checkpoint: URL? = nil, progress: (@Sendable (TrainingProgress) -> Void)? = nil
    ) throws -> TinyLesson.Result { try TinyLesson.result(distiller, checkpoint: checkpoint, progress: progress) }

    @Test("A term of one's own is logged by name in every step, and has the say that its weight in the step gives it")
    func weights() throws {
        let plain = try Self.result(Self.distiller())
        let late = try Self.result(Self.distiller(LateDistance()))
        #expect(late.bits != plain.bits)
        #expect(late.history.epochs.flatMap { $0.steps["distance"] ?? [] }.count == 11)
        // The first epoch has three steps, in which it weighs nothing.
        #expect(late.history.epochs[0].loss == plain.history.epochs[0].loss)
        #expect(late.history.epochs[1].loss > plain.history.epochs[1].loss)
        #expect(try Self.result(Self.distiller(LateDistance(weight: 0))).bits == plain.bits)
    }

    // λ = 1, so that nothing but the term asks the teacher.
    @Test("Where λ = 1 a term still hears the teacher; by hand the loss is cross-entropy + weight · term")
    func hardLabels() throws {
        var distiller = Self.distiller(LateDistance(weight: 0.25, begin: 0))
        distiller.hardLabelWeight = .constant(1)
        let epoch = try #require(try Self.result(distiller).history.epochs.first)
        func value(_ name: String) throws -> Float { try #require(epoch.steps[name]?[0]) }
        #expect(try abs(value("loss") - (value("crossEntropy") + 0.25 * value("distance"))) < 1e-6)
        #expect(epoch.steps["response"] == nil)
    }

    @Test("What a term learns is trained, goes through checkpoints to the same bits, and is dropped at the end")
    func learning() async throws {
        let distiller = Self.distiller(Projection())
        try await expectSameResultAfterStops { try Self.result(distiller, checkpoint: $0, progress: $1) }
        let result = try Self.result(distiller)
        #expect(Set(result.bits.keys) == Set(TinyNet(seed: 1).bits.keys))
        let losses = result.history.epochs.flatMap { $0.steps["projection"] ?? [] }.compactMap { $0 }
        #expect(losses.count == 11)
        let (first, last): (Float, Float) = (losses.prefix(3).reduce(0, +), losses.suffix(3).reduce(0, +))
        #expect(last < first)
    }

    @Test("A checkpoint of another term, weight or constant is refused")
    func otherCheckpoints() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try Self.result(Self.distiller(LateDistance()), checkpoint: url)
            for other in [
                Self.distiller(), Self.distiller(LateDistance(weight: 0.4)), Self.distiller(LateDistance(begin: 2)),
            ] {
                let error = #expect(throws: FormatError.self) { try Self.result(other, checkpoint: url) }
                #expect(error?.found.hasPrefix("another loss") == true)
            }
        }
    }

    @Test("A map that the student does not name is refused before the first step, by the term's place")
    func missingMap() {
        let error = #expect(throws: ConfigurationError.self) {
            try Self.result(Self.distiller(LateDistance(), Projection(from: "middle"))) { _ in
                Issue.record("a step was trained")
            }
        }
        #expect(
            error?.description == "terms[1].studentFeatures: no feature map 'middle'; the network has early, late")
    }

    @Test("A term can be tried outside a run")
    func alone() {
        let tape = Tape(mode: .training)
        let step = DistillationStep(
            student: NetworkOutputs(logits: tape.constant(Tensor([1, 2], shape: [1, 2]))),
            teacher: NetworkOutputs(logits: Tensor([1, 4], shape: [1, 2])),
            batch: Batch(inputs: .zeros([1, 1, 1, 1]), sampleIDs: [0], labels: [nil]), temperature: 4,
            context: StepContext(step: 0, epoch: 0, progress: 0))
        #expect(LateDistance()(step).value.scalar == 2)
    }

    @Test("A student of unknown type learns the bits of its known type; frozen parts of either keep theirs")
    func anyStudent() throws {
        let distiller = Distiller(teacher: TinyLesson.teacher, hints: [Hint("early")])
        var plan = TinyLesson.plan
        plan.groups = [.frozen("first")]
        var (known, unknown): (TinyNet, any Module) = (TinyNet(seed: 1), TinyNet(seed: 1))
        let history = try distiller.fit(&known, on: TinyLesson.data, plan: plan)
        #expect(try distiller.fit(&unknown, on: TinyLesson.data, plan: plan) == history)
        #expect(unknown.bits == known.bits)
        for (path, bits) in TinyNet(seed: 1).bits { #expect((known.bits[path] == bits) == path.hasPrefix("first.")) }
        plan.groups = [.frozen("student.first")]
        let error = #expect(throws: ConfigurationError.self) {
            try distiller.fit(&known, on: TinyLesson.data, plan: plan)
        }
        #expect(error?.place == "groups[0].path")
    }
}
