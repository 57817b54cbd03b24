import Autograd
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Prune

@Suite struct PruningMaskTests {
    static func weights(_ module: some Module) -> [Float] {
        module.parameters.filter { $0.parameter.role == .weight }.flatMap { $0.parameter.value.scalars }
    }

    @Test("As many weights as asked for become 0, the smallest of all layers together", arguments: [0, 0.3, 0.9, 1])
    func smallestGo(sparsity: Double) {
        var model = ConvNet(width: 4, channels: 1, classes: 3, seed: 1)
        let before = Self.weights(model)
        let mask = PruningMask(sparsity: sparsity, of: model)
        mask.apply(to: &model)
        let after = Self.weights(model)
        let zeros = after.count { $0 == 0 }
        #expect(zeros == Int((sparsity * Double(before.count)).rounded()))
        #expect(mask.sparsity == Double(zeros) / Double(before.count))
        let gone = zip(before, after).filter { $1 == 0 }.map { abs($0.0) }
        let kept = zip(before, after).filter { $1 != 0 }
        #expect((gone.max() ?? 0) <= (kept.map { abs($0.0) }.min() ?? .infinity))
        #expect(kept.allSatisfy { $0.0 == $0.1 })
        // Biases and statistics are not touched.
        #expect(
            model.classifier.bias.value == ConvNet(width: 4, channels: 1, classes: 3, seed: 1).classifier.bias.value)
    }

    @Test("Equal magnitudes are cut in the network's order, so that the number is exact")
    func ties() {
        var model = MLP(inputs: 4, hidden: [4], classes: 2, seed: 1)
        model.forEachParameter { _, parameter in
            if parameter.role == .weight { parameter.value = .ones(parameter.value.shape) }
        }
        PruningMask(sparsity: 0.5, of: model).apply(to: &model)
        #expect(Self.weights(model) == Array(repeating: 0, count: 12) + Array(repeating: 1, count: 12))
    }

    @Test("Fine-tuning with the mask after each step leaves the zeros, and moves the rest")
    func zerosStay() {
        var model = ConvNet(width: 2, channels: 1, classes: 3, seed: 2)
        let mask = PruningMask(sparsity: 0.6, of: model)
        mask.apply(to: &model)
        let start = Self.weights(model)
        let images = smoothImages(6, side: 6, seed: 3)
        for _ in 0..<3 {
            let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.input(images)).softmaxCrossEntropy(labels: [0, 1, 2, 0, 1, 2])
            }
            model.forEachParameter { _, parameter in
                if let gradient = gradients[parameter.slot] { parameter.value.add(gradient, scaledBy: -0.1) }
            }
            mask.apply(to: &model)
        }
        let end = Self.weights(model)
        #expect(zip(start, end).allSatisfy { $0 != 0 || $1 == 0 })
        #expect(zip(start, end).contains { $0 != 0 && $0 != $1 })
        #expect(PruningMask(ofZerosIn: model) == mask)
    }

    @Test("A mask of another network stops the program, naming the parameter")
    func otherNetwork() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var other = ConvNet(width: 3, channels: 1, classes: 3, seed: 1)
            PruningMask(sparsity: 0.5, of: ConvNet(width: 2, channels: 1, classes: 3, seed: 1)).apply(to: &other)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("stage1.0.convolution.weight"))
    }
}
