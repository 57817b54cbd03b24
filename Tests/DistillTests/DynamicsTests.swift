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

@Suite struct DynamicsTests {
    private static let plan = TrainingPlan(steps: 11, stepsPerEpoch: 3, batchSize: 6, unlabelledBatchSize: 3, seed: 5)

    private static var data: TrainingData {
        TrainingData(
            labelled: TinyTask.images(15), unlabelled: TinyTask.images(9, seed: 2, firstID: 100),
            validation: TinyTask.images(12, seed: 3, firstID: 200), transform: TinyNoise())
    }

    private static let teacher = withStatistics(TinyNet(width: 5, seed: 8), seed: 9)

    private static func distiller(_ change: (inout Distiller) -> Void) -> Distiller {
        var distiller = Distiller(
            teacher: teacher, temperature: .constant(3), hardLabelWeight: .linear(from: 0.8, to: 0.4))
        change(&distiller)
        return distiller
    }

    /// All of it at once.
    private static var whole: Distiller {
        distiller {
            $0.dynamics.curriculum = TemperatureCurriculum(lowest: 1, highest: 6, reversal: .constant(1))
            $0.dynamics.temperatureFactor = EntropyFactor(sure: 1.5, unsure: 0.5)
            $0.dynamics.hardLabelFactor = EntropyFactor(sure: 0.5, unsure: 1.5)
            $0.dynamics.gapGain = 0.5
            $0.dynamics.confidence = .weighted
            $0.contrasts = [
                ContrastTerm("late", negatives: 7), ContrastTerm(student: "late", teacher: "early", weight: 0.5),
            ]
        }
    }

    private struct Result: Equatable {
        let bits: [String: [UInt32]]
        let history: History
    }

    private static func result(
        _ distiller: Distiller = whole, _ data: TrainingData = data, checkpoint: URL? = nil,
        progress: (@Sendable (TrainingProgress) -> Void)? = nil
    ) throws -> Result {
        var student = TinyNet(seed: 1)
        let history = try distiller.fit(&student, on: data, plan: plan, checkpoint: checkpoint, progress: progress)
        return Result(bits: student.bits, history: history)
    }

    @Test("Stopped after any epoch and resumed, with a learnt T and two banks: the same bits; 1 and 2 threads too")
    func resume() async throws {
        try await expectSameResultAfterStops { try Self.result(checkpoint: $0, progress: $1) }
    }

    @Test("Each part changes the run, and a checkpoint of other parts is refused")
    func everyPart() throws {
        let changes: [(inout Distiller) -> Void] = [
            { _ in }, { $0.dynamics.curriculum = nil }, { $0.dynamics.temperatureFactor = nil },
            { $0.dynamics.hardLabelFactor = nil }, { $0.dynamics.gapGain = 0 },
            { $0.dynamics.confidence = .atLeast(0.4) },
            { $0.contrasts.removeLast() }, { $0.contrasts[0] = ContrastTerm("late", negatives: 8) },
            { $0.contrasts[0] = ContrastTerm("late", negatives: 7, momentum: 0.9) },
            { $0.contrasts[0] = ContrastTerm("late", temperature: 0.2, negatives: 7) },
        ]
        let variants = changes.map { change in
            var distiller = Self.whole
            change(&distiller)
            return distiller
        }
        #expect(Set(try variants.map { try Self.result($0).bits }).count == variants.count)
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try Self.result(checkpoint: url)
            for variant in variants.dropFirst() {
                let error = #expect(throws: FormatError.self) { try Self.result(variant, checkpoint: url) }
                #expect(error?.found.hasPrefix("another ") == true)
            }
        }
    }

    @Test("The history has every value of every step by name; the parts are in it")
    func history() throws {
        let progressed = Mutex<[[String: Float]]>([])
        let epochs = try Self.result { step in progressed.withLock { $0.append(step.values) } }.history.epochs
        let names: Set<String> = [
            "temperature", "hardLabelWeight", "crossEntropy", "response", "confidence", "reversal", "gap",
            "contrast late", "contrast late early",
        ]
        #expect(epochs.map { $0.steps["loss"]?.count } == [3, 3, 3, 2])
        for epoch in epochs {
            #expect(Set(epoch.values.keys) == names)
            #expect(Set(epoch.steps.keys) == names.union(["loss", "learningRate"]))
            #expect(epoch.steps["learningRate"]?.last == epoch.learningRate)
            for name in names { #expect(epoch.steps[name]?.last == epoch.values[name]) }
            let mean = (epoch.steps["loss"] ?? []).reduce(0) { $0 + Double($1 ?? .nan) }
            #expect(abs(mean / Double(epoch.steps["loss"]?.count ?? 0) - epoch.loss) < 1e-6)
        }
        let steps = progressed.withLock { $0 }
        #expect(epochs.flatMap { $0.steps["temperature"] ?? [] } == steps.map { $0["temperature"] })
    }

    // With λ = 1 in the first steps there is no response.
    @Test("A value that some steps of an epoch do not have is nil in those")
    func missingValues() throws {
        let distiller = Self.distiller { $0.hardLabelWeight = .step(from: 1, factor: 0.5, at: [0.1]) }
        let epoch = try #require(try Self.result(distiller).history.epochs.first)
        #expect(epoch.steps["response"]?.map { $0 == nil } == [true, true, false])
        #expect(epoch.steps["hardLabelWeight"] == [1, 1, 0.5])
    }

    @Test("A reversal drives T to where the response loss is larger; one of 0 leaves T where it was")
    func curriculum() throws {
        func temperatures(_ reversal: Float) throws -> [Float] {
            let distiller = Self.distiller {
                $0.dynamics.curriculum = TemperatureCurriculum(lowest: 1, highest: 6, reversal: .constant(reversal))
            }
            return try Self.result(distiller).history.epochs.flatMap { $0.steps["temperature"] ?? [] }.compactMap { $0 }
        }
        let still = try temperatures(0)
        #expect(still.allSatisfy { abs($0 - 3) < 1e-5 })
        let moved = try temperatures(1)
        // In the first step T is where it starts, and then it goes the way of the slope.
        #expect(moved[0] == still[0] && moved.last != still.last)
    }

    @Test("Terms by hand: T and λ by entropy, the confidence of images without labels, and the batch's weights")
    func terms() {
        // Probabilities [1/2, 1/2, 0, 0] (entropy 1/2 of ln 4), one-hot, uniform, and [3/4, 1/4, 0, 0].
        let teacher = Tensor(
            [0, 0, -200, -200, 300, 0, 0, 0, 1, 1, 1, 1, log(3), 0, -200, -200], shape: [4, 4])
        let batch = Batch(
            inputs: .zeros([4, 1, 1, 1]), sampleIDs: [0, 1, 2, 3], labels: [1, 0, nil, nil], weights: [1, 3, 2, 4])
        var dynamics = Dynamics()
        dynamics.temperatureFactor = EntropyFactor(sure: 2, unsure: 1)
        dynamics.hardLabelFactor = EntropyFactor(sure: 0, unsure: 4)
        dynamics.confidence = .atLeast(0.7)
        let terms = dynamics.terms(of: batch, teacher: teacher, temperature: 4, hardWeight: 0.25)
        let entropy = -(0.75 * log(0.75) + 0.25 * log(0.25)) / log(4)
        for (found, expected) in zip(terms.temperatures, [6, 8, 4, 4 * (2 - entropy)]) {
            #expect(abs(Double(found) - expected) < 1e-5)
        }
        // λ = 1/2, 0, 1, the last of its own entropy; the third image is not trusted, the fourth is.
        #expect(terms.hardWeights == [0.5, 0, 0, 0] && terms.hardShare == 0.125)
        let last = 4 * (1 - entropy)
        for (found, expected) in zip(terms.softWeights ?? [], [0.5, 3, 0, last]) {
            #expect(abs(Double(found) - expected) < 1e-5)
        }
        #expect(abs(Double(terms.softShare) - (3.5 + last) / 10) < 1e-6)
        #expect(terms.confidence == 0.5)

        var uniform = Dynamics()
        #expect(
            uniform.terms(of: batch, teacher: teacher, temperature: 4, hardWeight: 0.25).softWeights == batch.weights)
        uniform.confidence = .weighted
        let weighted = uniform.terms(of: batch, teacher: teacher, temperature: 4, hardWeight: 0)
        #expect(weighted.softWeights == [1, 3, 0.5, 3] && weighted.hardShare == 0)
    }

    @Test("λᵢ · cross-entropy and (1 − λᵢ) · response of each image by its weight: value and gradient against Double")
    func combined() {
        var random = Philox(seed: 3)
        let student = Tensor(uniform: [4, 3], in: -3...3, using: &random)
        let teacher = Tensor(uniform: [4, 3], in: -3...3, using: &random)
        let batch = Batch(
            inputs: .zeros([4, 1, 1, 1]), sampleIDs: [0, 1, 2, 3], labels: [1, nil, 2, nil], weights: [1, 2, 0.5, 1])
        let distiller = Self.whole
        let target = DoubleArray(teacher).rows
        let weights = [1, 2, 0.5, 1.0]
        func entropy(_ row: [Double]) -> Double {
            let logs = LossOracle.logSoftmax(row, 1)
            return -logs.reduce(0) { $0 + exp($1) * $1 } / log(3)
        }
        let own = target.map { min(1, 0.6 * (0.5 + entropy($0))) }
        let complaints = gradientComplaints([student]) {
            distiller.combined($0[0], teacher, batch, 3, 0.6).total
        } oracle: { inputs in
            var value = 0.0
            for (row, logits) in inputs[0].rows.enumerated() {
                let temperature = 3 * (1.5 - entropy(target[row]))
                let soft = LossOracle.value(.hinton, [logits], [target[row]], nil, temperature)
                let trust = batch.labels[row] == nil ? LossOracle.softmax(target[row], 1).max() ?? 0 : 1
                value += weights[row] / 4.5 * (1 - own[row]) * trust * soft
                if let label = batch.labels[row] {
                    value -= weights[row] / 1.5 * own[row] * LossOracle.logSoftmax(logits, 1)[label]
                }
            }
            return DoubleArray([value], shape: [])
        }
        #expect(complaints == [])
    }

    @Test("A teacher that is sure of no image without a label has no say on them, and nothing is NaN")
    func nobodyTrusted() throws {
        let distiller = Self.distiller {
            $0.dynamics.confidence = .atLeast(1)
            $0.hardLabelWeight = .constant(0)
        }
        let batch = Batch(inputs: .zeros([2, 1, 1, 1]), sampleIDs: [0, 1], labels: [nil, nil])
        let tape = Tape(mode: .training)
        let slot = tape.bind(Tensor([1, 2, 3, 4], shape: [2, 2]), path: "logits", needsGradient: true)
        let (total, _) = distiller.combined(
            try #require(tape.variable(at: slot)), Tensor([1, 0, 0, 1], shape: [2, 2]), batch, 2, 0)
        #expect(total.value.scalar == 0)
        #expect(tape.gradients(of: total)[slot]?.scalars == [0, 0, 0, 0])
    }

    @Test("λ falls with the gap between training and validation, and not below 0; without a gap it is the schedule's")
    func gap() throws {
        var dynamics = Dynamics()
        func weight(_ scheduled: Float, _ training: Double, _ validation: Double) -> [Float] {
            let (weight, gap) = dynamics.hardLabelWeight(scheduled, accuracies: (training, validation))
            return [weight, gap]
        }
        #expect(weight(0.5, 1, 0.2) == [0.5, 0])
        dynamics.gapGain = 0.5
        #expect(weight(0.5, 0.5, 0.9) == [0.5, 0])
        #expect(weight(0.5, 1, 0.5) == [0.25, 0.5])
        #expect(weight(0.1, 1, 0) == [0, 1])
        #expect(dynamics.hardLabelWeight(0.5, accuracies: nil).weight == 0.5)
        // In a run: the gap of an epoch is logged in the next.
        let epochs = try Self.result(Self.distiller { $0.dynamics.gapGain = 0.5 }).history.epochs
        for (earlier, later) in zip(epochs, epochs.dropFirst()) {
            let gap = max(0, earlier.accuracy - (earlier.validation?.accuracy ?? 0))
            #expect(later.steps["gap"]?.allSatisfy { abs(Double($0 ?? -1) - gap) < 1e-6 } == true)
        }
    }

    @Test("The teacher reads the weak view of the very images of which the student sees the strong one")
    func views() throws {
        let seen = Mutex<[[Float]]>([])
        let teacher = ClosureModule { input in
            seen.withLock { $0.append(input.value.scalars) }
            return Self.teacher(input)
        }
        var data = Self.data
        data.transform = TwoViews(weak: PlainTransform(), strong: TinyNoise())
        _ = try Self.result(Distiller(teacher: teacher), data)
        let views = seen.withLock { $0 }.dropFirst(2)  // images by which the networks are checked, and validation
        #expect(views.count == 11)
        let plain = EpochPlan(
            sources: [
                .init(data.labelled, batchSize: 6),
                .init(data.unlabelled?.withoutLabels() ?? data.labelled, batchSize: 3),
            ], steps: 3, epoch: 0, seed: 5)
        for (step, view) in views.prefix(3).enumerated() {
            let batch = PlainTransform()(try plain.batch(at: step), normalization: data.normalization)
            #expect(batch.inputs.scalars == view)
        }
        for change: (inout Distiller) -> Void in [
            { $0.hints = [Hint("late")] }, { $0.contrasts = [ContrastTerm("late")] },
        ] {
            let error = #expect(throws: ConfigurationError.self) { try Self.result(Self.distiller(change), data) }
            #expect(error?.place == "transform" && error?.problem.contains(" in step 0, ") == true)
        }
    }

    @Test("Numbers out of range, and a gap without validation, are refused before the first step")
    func refusals() {
        func place(_ data: TrainingData = Self.data, _ change: (inout Distiller) -> Void) -> String? {
            #expect(throws: ConfigurationError.self) {
                try Self.result(Self.distiller(change), data) { _ in Issue.record("a step was trained") }
            }?.place
        }
        func description(_ change: (inout Distiller) -> Void) -> String? {
            (#expect(throws: ConfigurationError.self) { try Self.result(Self.distiller(change)) })?.description
        }
        #expect(
            place { $0.dynamics.temperatureFactor = EntropyFactor(sure: 0, unsure: 1) } == "dynamics.temperatureFactor")
        #expect(
            place { $0.dynamics.hardLabelFactor = EntropyFactor(sure: 1, unsure: .nan) } == "dynamics.hardLabelFactor")
        #expect(place { $0.dynamics.gapGain = -1 } == "dynamics.gapGain")
        #expect(place { $0.dynamics.confidence = .atLeast(1.5) } == "dynamics.confidence")
        #expect(place { $0.dynamics.curriculum = TemperatureCurriculum(lowest: 3) } == "dynamics.curriculum")
        #expect(place { $0.dynamics.curriculum = TemperatureCurriculum(lowest: 0) } == "dynamics.curriculum")
        let negative = TemperatureCurriculum(reversal: .linear(from: 0.5, to: -0.5))
        #expect(
            description { $0.dynamics.curriculum = negative }?.hasPrefix("dynamics.curriculum.reversal: -0.0") == true)
        #expect(description { $0.dynamics.curriculum = negative }?.contains(" in step 6 ") == true)
        var data = Self.data
        data.validation = nil
        #expect(place(data) { $0.dynamics.gapGain = 1 } == "dynamics.gapGain")
        // And what held before holds for what is new.
        let broken = ClosureModule { Self.teacher($0) * Float.nan }
        #expect(
            place {
                $0 = Self.whole
                $0.teacher = broken
            } == "teacher")
    }
}
