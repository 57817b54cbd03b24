import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport

@testable import Training

/// A run with everything that has state: batch statistics, dropout, augmentation, both kinds of steering, images without
/// labels, an average of the weights, moments; 8 epochs of 3 steps, the last of 2.
enum TinyRun {
    static var plan: TrainingPlan {
        TrainingPlan(
            steps: 23, stepsPerEpoch: 3, batchSize: 6, unlabelledBatchSize: 3, optimizer: .adamW(weightDecay: 0.01),
            learningRate: .warmUp(0.1, then: .cosine(from: 0.02, to: 0.001)), seed: 5, gradientClipping: 2,
            weightAveraging: 0.9)
    }

    static var data: TrainingData {
        TrainingData(
            labelled: TinyTask.images(15), unlabelled: TinyTask.images(10, seed: 2, firstID: 100),
            validation: TinyTask.images(12, seed: 3, firstID: 200), transform: TinyNoise(),
            controllers: [TinySteering()])
    }

    static var network: TinyNet { TinyNet(seed: 4) }

    /// What a run ended with, to the last bit.
    struct Result: Equatable {
        let bits: [String: [UInt32]]
        let history: History
    }

    static func result(
        _ plan: TrainingPlan = plan, _ data: TrainingData = data, checkpoint: URL? = nil,
        progress: (@Sendable (TrainingProgress) -> Void)? = nil
    ) throws -> Result {
        var network = network
        let history = try Trainer(plan, on: data, checkpoint: checkpoint, progress: progress).fit(&network)
        return Result(bits: network.bits, history: history)
    }
}

/// What a callback throws, so to speak: ends the run from inside.
func cancelCurrentTask() { withUnsafeCurrentTask { $0?.cancel() } }

/// Asks for the validation images in black, and doubles the one step of the class that the model takes them for.
struct TinyProbing: DataController {
    private var favoured: Int?

    private struct Black: BatchTransform {
        func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
            var batch = PlainTransform()(raw, normalization: normalization)
            batch.inputs = batch.inputs * 0
            return batch
        }
    }

    var probes: [any BatchTransform] { [Black()] }

    mutating func probed(_ reports: [ClassReport]) {
        favoured = reports[0].confusion.indices.first { label in reports[0].confusion.allSatisfy { $0[label] > 0 } }
    }

    func stepFactors(forClass label: Int) -> [Double]? { favoured.map { [$0 == label ? 2 : 1] } }
}
