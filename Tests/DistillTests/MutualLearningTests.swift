import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct MutualLearningTests {
    private struct Result: Equatable {
        let bits: [[String: [UInt32]]]
        let history: History
    }

    private static func result(
        _ learning: MutualLearning = .init(), checkpoint: URL? = nil,
        progress: (@Sendable (TrainingProgress) -> Void)? = nil
    ) throws -> Result {
        var data = TinyLesson.data
        data.controllers = [TinySteering()]
        var (first, second) = (TinyNet(seed: 1), TinyNet(width: 5, seed: 2))
        let history = try learning.fit(
            &first, &second, on: data, plan: TinyLesson.plan, checkpoint: checkpoint, progress: progress)
        return Result(bits: [first.bits, second.bits], history: history)
    }

    // L₁ = CE₁ + KL(p₂ ‖ p₁) and L₂ = CE₂ + KL(p₁ ‖ p₂), the paper's (4) and (5). KL in Double from the definition; the step by
    // the trainer, with the other's outputs before the step as a fixed teacher.
    @Test("One step: the paper's losses, and each student's step along its own with the other's outputs fixed")
    func oneStep() throws {
        let (plan, data) = TinyLesson.still
        let starts = [TinyNet(dropout: 0, seed: 1), TinyNet(width: 5, dropout: 0, seed: 2)]
        var (first, second) = (starts[0], starts[1])
        let history = try MutualLearning().fit(&first, &second, on: data, plan: plan)
        let logits = try starts.map { $0.featureMaps([], of: try data.sample(6), mode: .training).logits }
        let p = logits.map { softmax($0).rowsInDouble }
        for (own, other, trained, history) in [(0, 1, first, history), (1, 0, second, history.peers[0])] {
            let epoch = history.epochs[0]
            let divergences = zip(p[own], p[other]).map { p, q in zip(p, q).reduce(0) { $0 + $1.1 * log($1.1 / $1.0) } }
            let response = divergences.reduce(0, +) / 6
            let hard = zip(p[own], data.labelled.labels).reduce(0) { $0 - log($1.0[$1.1 ?? 0]) } / 6
            #expect(abs(Double(epoch.values["response"] ?? 0) - response) < 1e-5)
            #expect(abs(Double(epoch.values["crossEntropy"] ?? 0) - hard) < 1e-5)
            #expect(abs(epoch.loss - response - hard) < 1e-5)
            var alone = starts[own]
            _ = try Trainer(plan, on: data).fit(&alone) { model, batch, tape, _ in
                let logits = model(tape.constant(batch.inputs))
                let teacher = starts[other].featureMaps([], of: batch.inputs, mode: .training).logits
                let loss =
                    logits.crossEntropy(batch) + ResponseLoss.hinton(student: logits, teacher: teacher, temperature: 1)
                return StepLoss(loss, logits: logits.value)
            }
            #expect(trained.bits == alone.bits)
        }
    }

    @Test("Both histories: of as many epochs, each validated by itself, of which the last is the returned network's")
    func histories() throws {
        var (first, second) = (TinyNet(seed: 1), TinyNet(width: 5, seed: 2))
        let data = TinyLesson.data
        let history = try MutualLearning().fit(&first, &second, on: data, plan: TinyLesson.plan)
        #expect(history.peers.count == 1)
        let peer = try #require(history.peers.first)
        #expect(history.epochs.count == 4 && peer.epochs.map(\.number) == [0, 1, 2, 3] && peer.peers.isEmpty)
        let validation = try #require(data.validation)
        for (network, history) in [(first, history), (second, peer)] {
            let report = try network.evaluated(on: validation, normalization: data.normalization, epoch: 3)
            #expect(history.returned?.validation == report)
        }
        #expect(zip(history.epochs, peer.epochs).allSatisfy { $0.loss != $1.loss && $0.values != $1.values })
        // A run of one network has no peers.
        #expect(try TinyLesson.result(Distiller(teacher: TinyLesson.teacher)).history.peers.isEmpty)
    }

    @Test("Stopped after any epoch and resumed: the same bits of both, and both histories; 1 and 2 threads too")
    func resume() async throws {
        try await expectSameResultAfterStops { try Self.result(checkpoint: $0, progress: $1) }
    }

    @Test("Networks of other classes, a temperature of 0, and a checkpoint of another temperature or loss are refused")
    func refusals() throws {
        var (first, second) = (TinyNet(seed: 1), TinyNet(classes: 4, seed: 2))
        let error = #expect(throws: ConfigurationError.self) {
            try MutualLearning().fit(&first, &second, on: TinyLesson.data, plan: TinyLesson.plan)
        }
        #expect(error?.place == "second" && error?.problem.contains("[1, 4]") == true)
        #expect(first.bits == TinyNet(seed: 1).bits)
        #expect(throws: ConfigurationError.self) { try Self.result(MutualLearning(temperature: 0)) }
        #expect(throws: ConfigurationError.self) { try Self.result(MutualLearning(loss: .decoupled(target: -1))) }
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try Self.result(checkpoint: url)
            for other in [MutualLearning(temperature: 2), MutualLearning(loss: .jensenShannon)] {
                let error = #expect(throws: FormatError.self) { try Self.result(other, checkpoint: url) }
                #expect(error?.found.hasPrefix("another loss") == true)
            }
        }
    }
}
