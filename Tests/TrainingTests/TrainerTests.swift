import Autograd
import Datasets
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite struct TrainerTests {
    @Test("Learns separable images to more than 95 % in 60 steps, and says so in its history")
    func learns() throws {
        var network = TinyNet(width: 4, dropout: 0, seed: 1)
        let plan = TrainingPlan(steps: 60, stepsPerEpoch: 30, batchSize: 12, seed: 1)
        let data = TrainingData(labelled: TinyTask.images(30), validation: TinyTask.images(60, seed: 9, firstID: 500))
        let history = try Trainer(plan, on: data).fit(&network)
        let report = network.evaluated(on: TinyTask.images(90, seed: 33), normalization: data.normalization)
        #expect(report.accuracy > 0.95)
        #expect(history.epochs.map(\.number) == [0, 1] && history.epochs[1].accuracy > 0.95)
        #expect(history.epochs[1].loss < history.epochs[0].loss)
        let last = network.evaluated(on: TinyTask.images(60, seed: 9, firstID: 500), normalization: data.normalization)
        #expect(history.validationAccuracy == last.accuracy && history.bestEpoch == nil)
        #expect(history.returned?.validation?.confusion == last.confusion)
    }

    @Test("The same seed gives the same bits, of model and history, on 1 and on 2 threads; another seed gives others")
    func determinism() throws {
        let one = try Parallel.withThreads(1) { try TinyRun.result() }
        let two = try Parallel.withThreads(2) { try TinyRun.result() }
        #expect(one == two)
        var plan = TinyRun.plan
        plan.seed += 1
        #expect(try TinyRun.result(plan) != one)
    }

    @Test("After each validation the model is tried on what a controller asks for, and steered from the next epoch on")
    func probes() throws {
        var data = TinyRun.data
        data.controllers = [TinyProbing()]
        let history = try TinyRun.result(TinyRun.plan, data).history
        #expect(history.epochs[0].stepFactors == nil)
        // Factor 2 for the class that the probe of black images finds, as the controller has it; 1 for the others.
        for (epoch, next) in zip(history.epochs, history.epochs.dropFirst()) {
            let factors = try #require(next.stepFactors)
            #expect(factors.count == 3 && factors.joined().count { $0 == 2 } == 1, "\(epoch.number)")
        }
        data.validation = nil
        #expect(try TinyRun.result(TinyRun.plan, data).history.epochs.allSatisfy { $0.stepFactors == nil })
    }

    @Test("A batch's weights count in cross-entropy, with labels as with targets; an image of weight 0 has no say")
    func weights() {
        let tape = Tape(mode: .evaluation)
        let logits = tape.constant(Tensor([1, 0, 0, 2, -1, 1], shape: [3, 2]))
        func loss(_ weights: [Float]?, mixed: Bool) -> Float {
            logits.crossEntropy(
                Batch(
                    inputs: Tensor.zeros([3]), sampleIDs: [0, 1, 2], labels: [0, 0, nil],
                    targets: mixed ? Tensor([1, 0, 1, 0, 0, 0], shape: [3, 2]) : nil, weights: weights)
            ).value.scalar
        }
        let (first, second) = (log(1 + exp(-1 as Float)), log(1 + exp(2 as Float)))
        for mixed in [false, true] {
            #expect(abs(loss(nil, mixed: mixed) - (first + second) / 2) < 1e-6)
            #expect(abs(loss([1, 0, 5], mixed: mixed) - first) < 1e-6)
            #expect(abs(loss([1, 0.25, 1], mixed: mixed) - (first + 0.25 * second) / 1.25) < 1e-6)
        }
    }

    @Test("Progress tells every step, and validation at each epoch's end")
    func progress() throws {
        let seen = Mutex<[TrainingProgress]>([])
        _ = try TinyRun.result { step in seen.withLock { $0.append(step) } }
        let steps = seen.withLock { $0 }
        #expect(steps.map(\.step) == Array(1...23))
        #expect(steps.map(\.epoch) == (0..<23).map { $0 / 3 })
        #expect(steps.filter { $0.validation != nil }.map(\.step) == [3, 6, 9, 12, 15, 18, 21, 23])
        #expect(steps.allSatisfy { $0.steps == 23 && $0.epochs == 8 && $0.batchSize == 9 })
    }

    @Test(
        "A learning rate of 10³⁰ ends in an error with step, place and a checkpoint that still loads, where there was one",
        arguments: [0, 4])
    func divergence(first: Int) throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run.safetensors")
            var plan = TinyRun.plan
            (plan.optimizer, plan.gradientClipping) = (.sgd(), nil)
            plan.learningRate =
                first == 0 ? .constant(1e30) : .step(from: 1e-3, factor: 1e33, at: [Float(first) / Float(plan.steps)])
            var network = TinyRun.network
            let error = #expect(throws: TrainingError.self) {
                _ = try Trainer(plan, on: TinyRun.data, checkpoint: url).fit(&network)
            }
            guard case .diverged(let step, let place, _, let checkpoint) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            // The first step's weights are of the order of 10³⁰; the second's activations are too large.
            #expect((first...first + 2).contains(step))
            #expect(place == "the loss" || TinyRun.network.tensors[place] != nil)
            // The first state is that of the first epoch's end, after three steps.
            #expect(checkpoint == (first == 0 ? nil : url.path))
            let text = "\(TrainingError.diverged(step: step, place: place, learningRate: 0.1, checkpoint: nil))"
            #expect(text.contains("in step \(step)"))
            #expect(network.bits == TinyRun.network.bits)
            guard checkpoint != nil else { return }
            let file = try SafetensorsFile.read(url)
            for name in file.entries.keys { #expect(try file.tensor(name).isFinite) }
        }
    }

    // The loss of the last step of an epoch is finite, the step along its gradient is not: only looking at the weights
    // afterwards keeps the checkpoint good.
    @Test("A weight that becomes infinite in an epoch's last step is noticed before it is saved")
    func divergenceInTheLastStep() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run.safetensors")
            var plan = TinyRun.plan
            (plan.optimizer, plan.gradientClipping, plan.learningRate) =
                (.sgd(momentum: 0, nesterov: false), nil, .step(from: 0.01, factor: .infinity, at: [5.0 / 23]))
            let error = #expect(throws: TrainingError.self) { try TinyRun.result(plan, checkpoint: url) }
            guard case .diverged(let step, let place, _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(step == 5 && TinyRun.network.tensors[place] != nil)
            let file = try SafetensorsFile.read(url)
            for name in file.entries.keys { #expect(try file.tensor(name).isFinite) }
        }
    }

    @Test("A second moment that becomes infinite, while the weights stay finite, is noticed before it is saved")
    func divergenceOfMoments() throws {
        var network = TinyRun.network
        let plan = TrainingPlan(
            steps: 2, stepsPerEpoch: 1, batchSize: 3, optimizer: .adamW(), learningRate: .constant(0.001))
        let error = #expect(throws: TrainingError.self) {
            _ = try Trainer(plan, on: TrainingData(labelled: TinyTask.images(6))).fit(&network) {
                model, batch, tape, _ in
                let logits = model(tape.constant(batch.inputs))
                return StepLoss(logits.crossEntropy(batch) * 1e25, logits: logits.value)
            }
        }
        guard case .diverged(let step, let place, _, let checkpoint) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(step == 0 && place.contains("optimiser's state second/") && checkpoint == nil)
    }

    @Test("Patience: ends when validation betters no more, and returns the weights that did best")
    func earlyStop() throws {
        let plan = TrainingPlan(steps: 200, stepsPerEpoch: 10, batchSize: 12, seed: 1, gradientClipping: 1, patience: 3)
        let validation = TinyTask.images(60, seed: 9, firstID: 500)
        let data = TrainingData(labelled: TinyTask.images(30), validation: validation)
        var network = TinyNet(width: 4, dropout: 0, seed: 1)
        // Learns for an epoch, and from then on what is wrong.
        let history = try Trainer(plan, on: data).fit(&network) { model, batch, tape, context in
            let logits = model(tape.constant(batch.inputs))
            var taught = batch
            if context.epoch > 0 { taught.labels = batch.labels.map { label in label.map { ($0 + 1) % 3 } } }
            return StepLoss(logits.crossEntropy(taught), logits: logits.value)
        }
        let accuracies = history.epochs.compactMap { $0.validation?.accuracy }
        let best = try #require(accuracies.max())
        #expect(history.bestEpoch == accuracies.firstIndex(of: best))
        #expect(accuracies.count == (history.bestEpoch ?? 0) + 4 && accuracies.count < 20)
        #expect(accuracies.last ?? 1 < best)
        #expect(history.validationAccuracy == best)
        #expect(network.evaluated(on: validation, normalization: data.normalization).accuracy == best)
    }

    @Test("As good as before is not better: of equal epochs the first one's weights are kept, and patience runs out")
    func ties() throws {
        var network = MLP(inputs: 64, hidden: [4], classes: 3, seed: 1)
        let plan = TrainingPlan(steps: 20, stepsPerEpoch: 2, batchSize: 3, learningRate: .constant(0), patience: 2)
        let data = TrainingData(labelled: TinyTask.images(6), validation: TinyTask.images(6, seed: 2))
        let history = try Trainer(plan, on: data).fit(&network)
        #expect(history.bestEpoch == 0 && history.epochs.count == 3)
    }

    @Test("Weight averaging validates and returns the average; the run itself goes on with its own weights")
    func averaging() throws {
        var plan = TinyRun.plan
        plan.weightAveraging = nil
        let averages = Mutex<WeightAverage?>(WeightAverage(of: TinyRun.network, decay: 0.9))
        var data = TinyRun.data
        data.controllers = []  // which would steer by the validation of other weights
        var network = TinyRun.network
        _ = try Trainer(plan, on: data).fit(
            &network,
            afterStep: { model, steps in
                if steps > 0 { averages.withLock { $0?.update(with: model) } }
            })
        let averaged = averages.withLock { $0?.applied(to: network) }
        let result = try TinyRun.result(TinyRun.plan, data)
        #expect(result.bits == averaged?.bits)
        #expect(result.bits != network.bits)
    }

    @Test("Gradient clipping reaches the optimiser: a step of the plainest rule is no longer than rate · clipping")
    func clipping() throws {
        var network = TinyNet(dropout: 0, seed: 1)
        let plan = TrainingPlan(
            steps: 1, batchSize: 12, optimizer: .sgd(momentum: 0, nesterov: false, weightDecay: 0),
            learningRate: .constant(0.5), gradientClipping: 0.01)
        _ = try Trainer(plan, on: TrainingData(labelled: TinyTask.images(12))).fit(&network)
        let start = TinyNet(dropout: 0, seed: 1)
        let length = zip(network.parameters, start.parameters).reduce(0.0) { sum, pair in
            guard pair.0.parameter.isTrainable else { return sum }
            let difference = pair.0.parameter.value - pair.1.parameter.value
            return sum + Double((difference * difference).sum())
        }.squareRoot()
        #expect(abs(length - 0.005) < 1e-5)
    }

    @Test(
        "After-step hooks see the model at the start and after each step: what they mask stays masked, in the average too"
    )
    func afterStep() throws {
        var network = TinyRun.network
        var steps: [Int] = []
        let hook: (inout TinyNet, Int) -> Void = { model, step in
            steps.append(step)
            model.forEachParameter { path, parameter in
                if path == "classifier.weight" { parameter.value = .zeros(parameter.value.shape) }
            }
        }
        hook(&network, 0)
        _ = try Trainer(TinyRun.plan, on: TinyRun.data).fit(&network, afterStep: hook)
        #expect(steps == [0] + Array(0...23))
        #expect(network.tensors["classifier.weight"]?.scalars.allSatisfy { $0 == 0 } == true)
    }

    @Test("Labels of images that were given as unlabelled are not looked at")
    func unlabelledStayUnlabelled() throws {
        var data = TinyRun.data
        let plain = try TinyRun.result(TinyRun.plan, data)
        data.unlabelled = data.unlabelled?.withoutLabels()
        #expect(try TinyRun.result(TinyRun.plan, data) == plain)
    }

    @Test("Data that cannot be trained on is refused before the first step, and says why")
    func refusals() throws {
        func message(_ plan: TrainingPlan = TinyRun.plan, _ change: (inout TrainingData) -> Void) -> String {
            var data = TinyRun.data
            change(&data)
            do {
                _ = try TinyRun.result(plan, data)
                return "no error"
            } catch { return "\(error)" }
        }
        let images = TinyTask.images(15)
        #expect(message { $0.labelled = images.subset([0, 1, 3, 4]) }.contains("class c"))
        #expect(message { $0.normalization = Normalization(mean: [0, 0], deviation: [1, 1]) }.contains("2 channels"))
        let wide = ImageSet(
            pixels: [UInt8](repeating: 0, count: 32), height: 2, width: 16, channels: 1, labels: [0],
            classNames: ["a", "b", "c"])
        #expect(message { $0.validation = wide }.contains("validation: images of 2×16×1"))
        #expect(message { $0.unlabelled = wide }.contains("unlabelled: images of 2×16×1"))
        var patient = TinyRun.plan
        patient.patience = 2
        #expect(message(patient) { $0.validation = nil }.contains("patience"))
        #expect(message(patient) { $0.validation = images.subset([]) }.contains("patience"))
        #expect(message { $0.validation = images.subset([]) } == "no error")
    }

    @Test("A run in a cancelled task ends with CancellationError and leaves the network as it was")
    func cancellation() async throws {
        await Task {
            var network = TinyRun.network
            #expect(throws: CancellationError.self) {
                _ = try Trainer(TinyRun.plan, on: TinyRun.data) { if $0.step == 4 { cancelCurrentTask() } }.fit(
                    &network)
            }
            #expect(network.bits == TinyRun.network.bits)
        }.value
    }
}
