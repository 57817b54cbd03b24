import Foundation
import Retort
import Synchronization
import TestSupport
import Testing

/// Pruning by and by in the loops that train: what joins Quantize with Training and Distill.
@Suite struct GradualTrainingTests {
    static let plan = TrainingPlan(steps: 24, stepsPerEpoch: 6, batchSize: 12, learningRate: .constant(0.05), seed: 4)
    static let data = TrainingData(
        labelled: TinyTask.images(48), validation: TinyTask.images(12, seed: 2, firstID: 100), transform: TinyNoise())

    struct Outcome: Equatable {
        var bits: [String: [UInt32]]
        var shares: [Double]
        var mask: PruningMask?
    }

    /// Trains with a schedule until a step is stopped after, on labels or under a teacher.
    static func run(_ url: URL?, taught: Bool, stoppingAfter stop: Int? = nil) throws -> Outcome {
        var network = TinyNet(seed: 1)
        var pruning = GradualPruning(from: 0.1, to: 0.6, over: 4...17, every: 3)
        var shares: [Double] = []
        let step = Mutex(0)
        let hook: (inout TinyNet, Int) -> Void = { network, steps in
            pruning.update(&network, steps: steps)
            if steps > 4 { shares.append(PruningMask(ofZerosIn: network).sparsity) }
        }
        if taught {
            _ = try Distiller(teacher: TinyNet(width: 5, seed: 2)).fit(
                &network, on: data, plan: plan, checkpoint: url, afterStep: hook,
                progress: { progress in step.withLock { $0 = progress.step } },
                shouldStop: { step.withLock { $0 == stop } })
        } else {
            var trainer = Trainer(plan, on: data, checkpoint: url) { progress in step.withLock { $0 = progress.step } }
            trainer.shouldStop = { step.withLock { $0 == stop } }
            _ = try trainer.fit(&network, afterStep: hook)
        }
        return Outcome(bits: network.bits, shares: shares, mask: pruning.mask)
    }

    @Test(
        "Stopped before, within and after the cuts and resumed with a new schedule: the same bits, zeros as many as planned",
        arguments: [false, true])
    func resumed(taught: Bool) throws {
        let whole = try Self.run(nil, taught: taught)
        let schedule = GradualPruning(from: 0.1, to: 0.6, over: 4...17, every: 3)
        let weights = TinyNet(seed: 1).parameters.filter { $0.parameter.role == .weight }
        let count = Double(weights.reduce(0) { $0 + $1.parameter.value.count })
        #expect(
            whole.shares == (5...24).map { ((schedule.sparsity(afterSteps: $0) ?? 0) * count).rounded() / count })
        for stop in [2, 4, 5, 9, 12, 20] {
            try withTemporaryFolder { folder in
                let url = folder.appending(path: "run.safetensors")
                #expect(throws: TrainingError.self) { try Self.run(url, taught: taught, stoppingAfter: stop) }
                let resumed = try Self.run(url, taught: taught)
                #expect(resumed.bits == whole.bits && resumed.mask == whole.mask, "stopped after \(stop)")
                #expect(Array(whole.shares.suffix(24 - max(stop, 4))) == resumed.shares.suffix(24 - max(stop, 4)))
            }
        }
    }
}
