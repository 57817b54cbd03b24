import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Graph

@Suite struct NetworkGraphTests {
    static let patchwork = withStatistics(Patchwork(seed: 1), seed: 2)

    static func largestDifference(_ a: Tensor, _ b: Tensor) -> Float { (a - b).scalars.map(abs).max() ?? .infinity }

    @Test("A traced, folded and fused network gives the module's outputs, for any batch size")
    func sameOutputs() throws {
        func check(_ model: some Module, _ images: Tensor, nodes: Int) throws {
            let graph = try NetworkGraph(tracing: model, inputShape: Shape(Array(images.shape.dropFirst())))
            let fused = graph.foldingBatchNorm().fusingActivations()
            #expect(fused.nodes.count == nodes)
            let expected = model.predict(images)
            for graph in [graph, graph.foldingBatchNorm(), graph.fusingActivations().foldingBatchNorm(), fused] {
                let plan = try InferencePlan(graph)
                #expect(Self.largestDifference(plan(images), expected) < 1e-5)
                #expect(Self.largestDifference(plan(images[rows: 3..<4]), expected[rows: 3..<4]) < 1e-5)
            }
        }
        // Input; 4 convolutions, maximum, average, dense.
        let convNet = withStatistics(ConvNet(width: 4, channels: 1, classes: 3, seed: 1), seed: 2)
        try check(convNet, smoothImages(11, side: 8, seed: 3), nodes: 8)
        // Input; stem, 3 · 2 + 2 projections, average, dense: every sum and ReLU is part of a convolution.
        let resNet = withStatistics(ResNet(depth: 8, channels: 1, classes: 3, seed: 1), seed: 2)
        try check(resNet, smoothImages(9, side: 8, seed: 3), nodes: 12)
        // Input; stem, depthwise, pointwise, sum + ReLU, wide + sum + ReLU, sigmoid, product, factor, concatenation,
        // average, normalisation, tanh, global average, hidden + ReLU, classifier.
        try check(Self.patchwork, smoothImages(9, side: 16, channels: 2, seed: 4), nodes: 16)
        // Input; flatten, three dense layers.
        try check(MLP(inputs: 16, hidden: [9, 5], classes: 3, seed: 1), smoothImages(9, side: 4, seed: 3), nodes: 5)
    }

    @Test("The memory that results take together: here the first two convolutions', 8 · 8 · 4 numbers each")
    func peakActivations() throws {
        let model = ConvNet(width: 4, channels: 1, classes: 3, seed: 1)
        let graph = try NetworkGraph(tracing: model, inputShape: [8, 8, 1]).foldingBatchNorm().fusingActivations()
        #expect(try InferencePlan(graph).peakActivationBytes == 2 * 8 * 8 * 4 * 4)
        // 0 is read by 1 and 2: all three are alive once.
        #expect(GraphWalker(sources: [[], [0], [0, 1], [2]], output: 3).peak(of: [5, 3, 4, 1]) == 12)
    }

    @Test("Nodes know the parameters' paths; folding keeps the weight's and leaves no normalisation behind a layer")
    func paths() throws {
        let graph = try NetworkGraph(tracing: Self.patchwork, inputShape: [16, 16, 2]).foldingBatchNorm()
        let names = graph.nodes.map(\.description)
        #expect(names.contains("convolution2D (depthwise.weight)") && names.contains("dense (classifier.weight)"))
        // The one behind a pooling stays.
        #expect(names.filter { $0.hasPrefix("batchNorm") } == ["batchNorm (pooledNorm.scale)"])
    }

    @Test("A layer that two read is not folded away under one of them")
    func sharedLayer() throws {
        struct Shared: Module {
            var layer: Conv2D
            var norm = BatchNorm(3)
            func callAsFunction(_ input: Variable) -> Variable {
                let value = layer(input)
                return (norm(value) + value.relu()) + value
            }
            mutating func visitParameters(_ visitor: ParameterVisitor) {
                visitor("layer", &layer)
                visitor("norm", &norm)
            }
        }
        var random = Philox(seed: 3)
        let model = withStatistics(Shared(layer: Conv2D(1, 3, kernel: 3, using: &random)), seed: 4)
        let images = smoothImages(2, side: 5, seed: 5)
        let graph = try NetworkGraph(tracing: model, inputShape: [5, 5, 1])
        let plan = try InferencePlan(graph.foldingBatchNorm().fusingActivations())
        #expect(Self.largestDifference(plan(images), model.predict(images)) < 1e-6)
    }

    static func failure(_ body: @escaping @Sendable (Variable) -> Variable) -> String {
        do {
            _ = try InferencePlan(NetworkGraph(tracing: ClosureModule(body), inputShape: [4, 4, 2]))
            return "none"
        } catch { return "\(error)" }
    }

    @Test("What the tape does not see is refused, and names what it is")
    func refusals() throws {
        // Computed from the input outside the tape.
        #expect(Self.failure { ($0 + $0.tape.constant($0.value.map { $0 * $0 })).relu() }.contains("is not constant"))
        // Steps that depend on the input.
        #expect(Self.failure { $0.shape[0] == 1 ? $0.relu() : $0.sigmoid().relu() }.contains("other steps"))
        #expect(Self.failure { $0.shape[0] == 1 ? $0.relu() : $0.sigmoid() }.contains("other steps"))
        // A batch size baked in.
        #expect(Self.failure { ($0 + $0.tape.constant(.ones($0.shape))).relu() }.contains("is not constant"))
        // No operation at all, or none on the input.
        #expect(Self.failure { $0 }.contains("does not come from an operation"))
        #expect(Self.failure { $0.tape.constant(.ones([1, 3])) }.contains("does not come from an operation"))
        // A step of learning.
        #expect(Self.failure { $0.permutingChannels([1, 0]) }.hasPrefix("permutingChannels: "))
        // Constants that are some are kept.
        #expect(Self.failure { $0.flattened().multiplied(byMatrix: $0.tape.constant(.ones([32, 3]))) } == "none")
    }

    @Test("One and two threads give the same bits")
    func threads() throws {
        let plan = try InferencePlan(NetworkGraph(tracing: Self.patchwork, inputShape: [16, 16, 2]))
        let images = smoothImages(17, side: 16, channels: 2, seed: 8)
        let one = Parallel.withThreads(1) { plan(images) }
        #expect(Parallel.withThreads(2) { plan(images) }.isBitIdentical(to: one))
    }

    @Test("An image of another size stops the program, naming both shapes")
    func wrongInput() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let model = ConvNet(width: 2, channels: 1, classes: 3, seed: 1)
            _ = try InferencePlan(NetworkGraph(tracing: model, inputShape: [8, 8, 1]))(Tensor.zeros([2, 8, 9, 1]))
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("[2, 8, 9, 1]") && text.contains("[8, 8, 1]"))
    }
}
