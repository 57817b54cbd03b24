import Autograd
import Layers
import TensorCore
import Testing

@testable import Training

// Each in a process of its own: the counters are the process's.
@Suite struct SteadyMemoryTests {
    @Test(
        "After three steps a training step's every tensor buffer comes from the pool: ConvNet, ResNet-8 and ResNet-20")
    func steps() async {
        await #expect(processExitsWith: .success) {
            // With several threads it depends on the moment how many workspaces are in use at once.
            Parallel.threads = 1
            for rule in [Optimizer.Rule.sgd(), .adamW()] {
                expectSteady("ConvNet, \(rule)", ConvNet(width: 16, channels: 1, classes: 10, seed: 1), rule)
                expectSteady("ResNet-8, \(rule)", ResNet(depth: 8, channels: 1, classes: 10, seed: 1), rule)
            }
            expectSteady("ResNet-20", ResNet(depth: 20, channels: 1, classes: 10, seed: 1), .sgd())
        }
    }

    @Test("With more threads no step takes new memory for good")
    func threads() async {
        await #expect(processExitsWith: .success) {
            Parallel.threads = 3
            var training = TrainingSteps(ConvNet(width: 16, channels: 1, classes: 10, seed: 1), .sgd())
            training.run(3)
            let before = StoragePool.statistics
            training.run(40)
            let after = StoragePool.statistics
            // At most a workspace of each size for each thread, and no buffer a step.
            #expect(after.allocated - before.allocated < 20 && after.liveBytes == before.liveBytes)
        }
    }
}

/// Forward, backward and a step of the optimiser, with clipping, on one batch.
private struct TrainingSteps<M: Module> {
    private var model: M
    private var optimizer: Optimizer
    private let batch: Tensor
    private let labels = (0..<10).map { $0 % 10 }

    init(_ model: M, _ rule: Optimizer.Rule) {
        self.model = model
        optimizer = Optimizer(rule)
        var random = Philox(seed: 3)
        batch = Tensor(normal: [10, 12, 11, 1], using: &random)
    }

    mutating func run(_ steps: Int) {
        let (batch, labels) = (batch, labels)
        for _ in 0..<steps {
            let (loss, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(batch)).softmaxCrossEntropy(labels: labels)
            }
            #expect(loss.isFinite)
            optimizer.step(&model, along: gradients, rate: 0.01, clipping: 1)
        }
    }
}

private func expectSteady(_ what: String, _ model: some Module, _ rule: Optimizer.Rule) {
    var training = TrainingSteps(model, rule)
    training.run(3)
    let before = StoragePool.statistics
    training.run(4)
    let after = StoragePool.statistics
    #expect(after.allocated == before.allocated && after.reused > before.reused, "\(what)")
    #expect(after.liveBytes == before.liveBytes && after.peakLiveBytes == before.peakLiveBytes, "\(what)")
}
