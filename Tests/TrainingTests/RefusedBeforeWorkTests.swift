import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite struct RefusedBeforeWorkTests {
    private static func images(_ side: Int, classes: Int = 3, count: Int = 12) -> ImageSet {
        ImageSet(
            pixels: (0..<count * side * side).map { UInt8(truncatingIfNeeded: $0 * 31) }, height: side, width: side,
            channels: 1, labels: (0..<count).map { $0 % classes }, classNames: (0..<classes).map { "\($0)" })
    }

    private static func error(_ plan: TrainingPlan, _ data: TrainingData, _ network: some Module) -> String {
        var network = network
        do {
            _ = try Trainer(plan, on: data) { _ in Issue.record("a step was trained") }.fit(&network)
            return "none"
        } catch { return "\(error)" }
    }

    // The variance of one value is 0, which the running statistics take over: training and use were two networks.
    @Test("A batch of one image whose map is one pixel before a normalization is refused, with the layer")
    func singleValue() {
        let data = TrainingData(labelled: Self.images(4))
        let plan = TrainingPlan(steps: 2, batchSize: 1)
        let text = Self.error(plan, data, ResNet(depth: 8, channels: 1, classes: 3, seed: 1))
        #expect(
            text.hasPrefix("batch: 1 image with a map of 1×1 in ") && text.contains("2 or more expected"), "\(text)")
        // A dense layer before a normalization: one value for each image.
        let dense = TrainingData(labelled: Self.images(8))
        struct DenseNet: Module {
            var layer: Dense
            var normalization = BatchNorm(5)
            var last: Dense
            init() {
                var random = Philox(seed: 1)
                (layer, last) = (Dense(64, 5, using: &random), Dense(5, 3, using: &random))
            }
            func callAsFunction(_ input: Variable) -> Variable { last(normalization(layer(input.flattened()))) }
            mutating func visitParameters(_ visitor: ParameterVisitor) {
                visitor("layer", &layer)
                visitor("normalization", &normalization)
                visitor("last", &last)
            }
        }
        #expect(Self.error(plan, dense, DenseNet()).contains("in normalization"))
    }

    @Test(
        "One image with larger maps, two images, one without a label beside, and a network without normalization train")
    func enoughValues() throws {
        var plan = TrainingPlan(steps: 2, batchSize: 1, unlabelledBatchSize: 1)
        var network = ResNet(depth: 8, channels: 1, classes: 3, seed: 1)
        _ = try Trainer(plan, on: TrainingData(labelled: Self.images(8))).fit(&network)
        let data = TrainingData(labelled: Self.images(4), unlabelled: Self.images(4))
        _ = try Trainer(plan, on: data).fit(&network)
        var layers = MLP(inputs: 16, hidden: [4], classes: 3, seed: 1)
        _ = try Trainer(plan, on: TrainingData(labelled: Self.images(4))).fit(&layers)
        plan.batchSize = 2
        _ = try Trainer(plan, on: TrainingData(labelled: Self.images(4))).fit(&network)
    }

    @Test("One class alone has nothing to tell apart")
    func oneClass() {
        let data = TrainingData(labelled: Self.images(8, classes: 1))
        let text = Self.error(TrainingPlan(steps: 2), data, MLP(inputs: 64, hidden: [4], classes: 1, seed: 1))
        #expect(text == "labelled images: 1 class found, 2 or more expected")
    }

    @Test("A step that needs more memory than any machine has is refused with its images and its bytes")
    func memory() {
        let data = TrainingData(labelled: Self.images(64))
        let plan = TrainingPlan(steps: 1, batchSize: 1 << 30)
        let network = ConvNet(width: 16, channels: 1, classes: 3, seed: 1)
        let text = Self.error(plan, data, network)
        #expect(
            text.hasPrefix("a step with 1073741824 images of 64×64×1: needs ") && text.contains(" bytes"), "\(text)")
        #expect(throws: MachineError.self) {
            _ = try NetworkRegistry.standard.makeNetwork(
                named: "mlp-4096-4096", inputShape: [1 << 20, 1 << 20, 1], classes: 3, seed: 1)
        }
    }

    @Test("Another plan is refused with every setting that differs, and both values")
    func otherPlan() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try TinyRun.result(checkpoint: url)
            func found(_ change: (inout TrainingPlan) -> Void) -> String? {
                var plan = TinyRun.plan
                change(&plan)
                return #expect(throws: FormatError.self) { try TinyRun.result(plan, checkpoint: url) }?.found
            }
            let plan = "another training plan"
            #expect(found { $0.steps = 46 } == plan + " (steps 23, now 46)")
            #expect(
                found { ($0.batchSize, $0.stepsPerEpoch) = (7, 4) }
                    == plan + " (batchSize 6, now 7; stepsPerEpoch 3, now 4)")
            #expect(found { $0.gradientClipping = nil } == plan + " (gradientClipping 2, now none)")
            let rule = found { $0.optimizer = .adamW(beta1: 0.5, weightDecay: 0.01) } ?? ""
            #expect(rule == plan + " (optimizer (beta1) 0.9, now 0.5)", "\(rule)")
        }
    }

    @Test("A run that diverges says its learning rate, and that its checkpoint is of no use for another")
    func divergence() {
        let lone = "\(TrainingError.diverged(step: 5, place: "the loss", learningRate: 0.05, checkpoint: nil))"
        #expect(
            lone == "training diverged in step 5: the loss is NaN or infinite; "
                + "try a lower --learning-rate (0.05 found); no checkpoint was kept")
        let kept = "\(TrainingError.diverged(step: 5, place: "the loss", learningRate: 0.05, checkpoint: "k"))"
        #expect(kept.contains("(0.05 found) with another --checkpoint, as k goes on"))
    }

    @Test("A validation loss far beyond training and guessing is told; one of usual training is not")
    func doubt() throws {
        func history(_ loss: Double, validation: Double?) -> History {
            var history = History()
            let report = validation.map {
                ClassReport(epoch: 0, loss: $0, confusion: [[1, 0], [0, 1]], classLosses: [0, 0])
            }
            history.epochs = [
                History.Epoch(
                    number: 0, loss: loss, accuracy: 1, validation: report, learningRate: 0.1, values: [:], steps: [:],
                    classProbabilities: nil, classDecisions: nil, strength: 1, stepFactors: nil, peers: nil)
            ]
            return history
        }
        let test = ClassReport(epoch: 0, loss: 35_917.5, confusion: [[1, 0], [0, 1]], classLosses: [0, 0])
        #expect(history(0.9, validation: 30_000).doubt(otherwise: test)?.contains("validation loss is 30000.0") == true)
        #expect(history(0.9, validation: nil).doubt(otherwise: test)?.contains("test loss is 35917.5") == true)
        #expect(history(0.001, validation: 0.9).doubt(otherwise: test) == nil)
        #expect(history(2, validation: 4).doubt(otherwise: test) == nil)
    }
}
