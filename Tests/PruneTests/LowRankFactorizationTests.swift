import Autograd
import Graph
import Layers
import Quantize
import TensorCore
import TestSupport
import Testing

@testable import Prune

@Suite struct LowRankFactorizationTests {
    static let convNet = withStatistics(ConvNet(width: 16, channels: 1, classes: 3, seed: 1), seed: 2)
    static let images = smoothImages(12, side: 12, seed: 3)

    static func graph(_ model: some Module, _ images: Tensor) throws -> NetworkGraph {
        try NetworkGraph(tracing: model, inputShape: Shape(Array(images.shape.dropFirst())))
    }

    /// What the weights of one of the two layers are called.
    static func half(_ name: String, of path: String) -> String {
        path.hasSuffix(".weight") ? path.dropLast(6) + "\(name).weight" : ""
    }

    /// The network with the weights of the layers that were split replaced by the product of the two halves.
    static func multiplied<M: Module>(_ model: M, _ factorized: NetworkGraph) -> M {
        var tensors: [String: Tensor] = [:]
        for node in factorized.nodes {
            for case .tensor(let tensor, let path?) in node.operands { tensors[path] = tensor }
        }
        var model = model
        model.forEachParameter { path, parameter in
            guard let first = tensors[half("first", of: path)], let second = tensors[half("second", of: path)] else {
                return
            }
            let rank = second.count / (second.shape.last ?? 1)
            parameter.value = matmul(
                first.reshaped(to: [first.count / rank, rank]), second.reshaped(to: [rank, second.count / rank])
            ).reshaped(to: parameter.value.shape)
        }
        return model
    }

    @Test("Two layers give what one with the product of their weights gives, and that is the nearest of its rank")
    func reconstruction() throws {
        let whole = try Self.graph(Self.convNet, Self.images)
        let small = try whole.factorized(to: .energy(0.8))
        #expect(small.nodes.count > whole.nodes.count && small.multiplyAdds < whole.multiplyAdds)
        let product = Self.multiplied(Self.convNet, small)
        let output = try InferencePlan(small)(Self.images)
        #expect(signalToNoise(output, product.predict(Self.images)) > 90)
        // What is lost are the squares of the singular values that were cut, and no more than was allowed.
        for (own, other) in zip(Self.convNet.parameters, product.parameters)
        where own.parameter.value != other.parameter.value {
            let (w, cut) = (own.parameter.value, other.parameter.value)
            let channels = w.shape.last ?? 1
            let s = try svd(w.reshaped(to: [w.count / channels, channels])).s.scalars
            let squares = s.map { Double($0) * Double($0) }
            let total = squares.reduce(0, +)
            let kept = squares.indices.first { squares[...$0].reduce(0, +) >= 0.8 * total } ?? 0
            let lost = Double(((w - cut) * (w - cut)).sum())
            #expect(abs(lost - squares[(kept + 1)...].reduce(0, +)) < 1e-4 * total, "\(own.path)")
        }
        // Fused, with residuals and groups that stay.
        let resNet = withStatistics(ResNet(depth: 8, channels: 3, classes: 4, seed: 1), seed: 2)
        for (model, images) in [
            (resNet as any Module, smoothImages(6, side: 8, channels: 3, seed: 3)),
            (withStatistics(Patchwork(seed: 1), seed: 2), smoothImages(6, side: 16, channels: 2, seed: 4)),
            (
                withStatistics(MLP(inputs: 64, hidden: [20, 9], classes: 4, seed: 1), seed: 2),
                smoothImages(6, side: 8, seed: 3)
            ),
        ] {
            try Self.check(model, images)
        }
    }

    static func check(_ model: some Module, _ images: Tensor) throws {
        let folded = try Self.graph(model, images).foldingBatchNorm().fusingActivations()
        let small = try folded.factorized(to: .energy(0.6))
        #expect(small.multiplyAdds < folded.multiplyAdds)
        // The same operands as one layer, in the graph that was split.
        var products: [String: Tensor] = [:]
        for node in small.nodes {
            for case .tensor(let tensor, let path?) in node.operands { products[path] = tensor }
        }
        let joined = folded.replacingTensors { _, place, tensor, path in
            guard place == 1, let path, let first = products[half("first", of: path)],
                let second = products[half("second", of: path)]
            else { return tensor }
            let rank = first.shape.last ?? 1
            return matmul(
                first.reshaped(to: [first.count / rank, rank]), second.reshaped(to: [rank, second.count / rank])
            ).reshaped(to: tensor.shape)
        }
        #expect(try signalToNoise(InferencePlan(small)(images), InferencePlan(joined)(images)) > 90)
    }

    @Test("Layers of low rank lose nothing but multiply-adds; those of full rank stay whole")
    func lowRank() throws {
        var random = Philox(seed: 5)
        var model = Self.convNet
        let shape = model.stage2[1].convolution.weight.value.shape
        let (k, c) = (shape.dropLast().reduce(1, *), shape[3])
        model.stage2[1].convolution.weight.value = matmul(
            Tensor(normal: [k, 3], deviation: 0.3, using: &random),
            Tensor(normal: [3, c], deviation: 0.3, using: &random)
        ).reshaped(to: shape)
        let whole = try Self.graph(model, Self.images)
        let small = try whole.factorized(to: .energy(0.99999))
        #expect(small.nodes.count == whole.nodes.count + 1)
        let pixels = whole.multiplyAdds - small.multiplyAdds
        #expect(pixels % (k * c - 3 * (k + c)) == 0 && pixels > 0)
        #expect(try signalToNoise(InferencePlan(small)(Self.images), model.predict(Self.images)) > 80)
    }

    @Test("A budget of multiply-adds is met and used, and one that cannot be met names the closest")
    func budget() throws {
        let whole = try Self.graph(Self.convNet, Self.images)
        for share in [0.9, 0.5, 0.25] {
            let small = try whole.factorized(to: .multiplyAdds(share))
            let found = Double(small.multiplyAdds) / Double(whole.multiplyAdds)
            #expect(found <= share && found > share - 0.05)
        }
        #expect(try whole.factorized(to: .multiplyAdds(1)).nodes.count == whole.nodes.count)
        do {
            _ = try whole.factorized(to: .multiplyAdds(1e-6))
            Issue.record("factorised to nothing")
        } catch PruningError.unreachable(_, let closest) {
            guard case .multiplyAdds(let share) = closest else { Issue.record("\(closest)"); return }
            let least = try whole.factorized(to: .multiplyAdds(share))
            #expect(Double(least.multiplyAdds) == share * Double(whole.multiplyAdds))
        }
    }

    @Test(
        "What was factorised is a network like any other: traced again it is the same, it trains and is quantised"
    )
    func network() throws {
        let graph = try Self.graph(Self.convNet, Self.images).factorized(to: .multiplyAdds(0.6))
        var network = try TracedNetwork(graph)
        let again = try Self.graph(network, Self.images)
        #expect(again.nodes.map(\.description) == graph.nodes.map(\.description))
        let output = try InferencePlan(graph)(Self.images)
        #expect(try InferencePlan(again)(Self.images).isBitIdentical(to: output))
        let int8 = try QuantizedModel(network, calibratedOn: [Self.images], observer: .minMax)
        #expect(signalToNoise(int8.predict(Self.images), output) > 20)
        var losses: [Float] = []
        let before = network.tensors
        for _ in 0..<8 {
            let (loss, gradients) = valueAndGradients(of: &network) { model, tape in
                model(tape.constant(Self.images)).softmaxCrossEntropy(labels: (0..<12).map { $0 % 3 })
            }
            losses.append(loss)
            network.forEachParameter { _, parameter in
                if let gradient = gradients[parameter.slot] { parameter.value.add(gradient, scaledBy: -0.05) }
            }
        }
        #expect(losses[7] < losses[0])
        // All of it, statistics too.
        #expect(network.tensors.allSatisfy { before[$0] != $1 })
    }

    @Test("A module's graph as a network gives what the module gives, in evaluation and in training")
    func traced() throws {
        let model = withStatistics(Patchwork(seed: 1), seed: 2)
        let images = smoothImages(6, side: 16, channels: 2, seed: 4)
        let network = try TracedNetwork(Self.graph(model, images))
        #expect(signalToNoise(network.predict(images), model.predict(images)) > 100)
        #expect(Set(network.tensors.keys) == Set(model.tensors.keys))
        func trained<M: Module>(_ model: M) -> (loss: Float, statistics: [String: Tensor]) {
            var model = model
            let loss = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(images)).softmaxCrossEntropy(labels: [0, 1, 2, 3, 0, 1])
            }.value
            return (loss, model.tensors.filter { $0.key.contains("running") })
        }
        let (own, other) = (trained(network), trained(model))
        #expect(abs(own.loss - other.loss) < 1e-4)
        #expect(
            own.statistics.allSatisfy { path, value in
                other.statistics[path].map { signalToNoise(value, $0) > 80 } ?? false
            })
        // Fused, a network of the same function.
        let fused = try TracedNetwork(Self.graph(model, images).foldingBatchNorm().fusingActivations())
        #expect(signalToNoise(fused.predict(images), model.predict(images)) > 90)
    }

    @Test("Filters are cut out of a traced network as out of the module that it was traced from, and after factorising")
    func cut() throws {
        let model = withStatistics(Patchwork(seed: 1), seed: 2)
        let images = smoothImages(6, side: 16, channels: 2, seed: 4)
        let shape: Shape = [16, 16, 2]
        let small = try TracedNetwork(Self.graph(model, images)).pruned(to: .multiplyAdds(0.6), inputShape: shape)
        let expected = try model.pruned(to: .multiplyAdds(0.6), inputShape: shape)
        #expect(small.tensors.mapValues(\.shape) == expected.tensors.mapValues(\.shape))
        #expect(signalToNoise(small.predict(images), expected.predict(images)) > 100)

        let factorized = try TracedNetwork(
            Self.graph(Self.convNet, Self.images).factorized(to: .multiplyAdds(0.6)))
        let smaller = try factorized.pruned(
            to: .multiplyAdds(0.7), inputShape: Shape(Array(Self.images.shape.dropFirst())))
        let before = try Self.graph(factorized, Self.images)
        let after = try Self.graph(smaller, Self.images)
        #expect(Double(after.multiplyAdds) <= 0.7 * Double(before.multiplyAdds))
        #expect(
            smaller.predict(Self.images).shape == [Self.images.shape[0], 3] && smaller.predict(Self.images).isFinite)
    }

    @Test("Weights that are not finite are refused, by name")
    func refused() throws {
        var model = Self.convNet
        model.classifier.weight.value = Tensor(repeating: .nan, shape: model.classifier.weight.value.shape)
        let graph = try Self.graph(model, Self.images)
        let error = #expect(throws: GraphError.self) { try graph.factorized(to: .energy(0.9)) }
        #expect(error?.operation == "dense (classifier.weight)")
    }
}
