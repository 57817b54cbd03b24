import Autograd
import Datasets
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Training

@testable import Distill

/// Short runs of tiny students, with everything that views depend on: noise by epoch and draw, images without labels.
enum TinyLesson {
    static let plan = TrainingPlan(steps: 11, stepsPerEpoch: 3, batchSize: 6, unlabelledBatchSize: 3, seed: 5)

    static var data: TrainingData {
        TrainingData(
            labelled: TinyTask.images(15), unlabelled: TinyTask.images(9, seed: 2, firstID: 100),
            validation: TinyTask.images(12, seed: 3, firstID: 200), transform: TinyNoise())
    }

    /// All images in each step, as they are, by a step of plain gradient descent.
    static let still = (
        plan: TrainingPlan(
            steps: 1, batchSize: 6, optimizer: .sgd(momentum: 0, nesterov: false), learningRate: .constant(0.1)),
        data: TrainingData(labelled: TinyTask.images(6))
    )

    static let teacher = withStatistics(TinyNet(width: 5, seed: 8), seed: 9)
    static let second = withStatistics(TinyNet(width: 4, seed: 18), seed: 19)

    struct Result: Equatable {
        let bits: [String: [UInt32]]
        let history: History
    }

    static func result(
        _ distiller: Distiller, _ student: TinyNet = TinyNet(seed: 1), _ plan: TrainingPlan = plan,
        _ data: TrainingData = data, checkpoint: URL? = nil,
        progress: (@Sendable (TrainingProgress) -> Void)? = nil
    ) throws -> Result {
        var student = student
        let history = try distiller.fit(&student, on: data, plan: plan, checkpoint: checkpoint, progress: progress)
        return Result(bits: student.bits, history: history)
    }
}

/// Counts how often a network is asked, and what for.
final class Counter: Sendable {
    private let counted = Mutex(0)
    var count: Int { counted.withLock { $0 } }

    /// The network, counted.
    func counting(_ network: some Module) -> ClosureModule {
        ClosureModule { input in
            self.counted.withLock { $0 += 1 }
            return network(input)
        }
    }
}

extension Distiller {
    /// The loss of a step without hints, contrasts and terms.
    func combined(
        _ logits: Variable, _ teacher: Tensor, _ batch: Batch, _ temperature: Float, _ hardWeight: Float
    ) -> (total: Variable, values: [String: Float]) {
        DistillationStep(
            student: NetworkOutputs(logits: logits), teacher: NetworkOutputs(logits: teacher), batch: batch,
            temperature: temperature, context: StepContext(step: 0, epoch: 0, progress: 0), seed: 0,
            samples: dynamics.terms(
                of: batch, teacher: teacher, temperature: temperature, hardWeight: hardWeight)
        ).loss(loss, and: [])
    }
}
