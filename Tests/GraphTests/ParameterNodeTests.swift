import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Graph

/// A network that computes with its parameters before an image meets them: a table of biases of which places are
/// looked up, and a weight that is scaled.
private struct TableNetwork: Module {
    var table = Parameter(Tensor([0.5, -1, 2]), role: .bias)
    var weight: Parameter

    init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        weight = Parameter(Tensor(normal: [4, 4], deviation: 0.5, using: &random), role: .weight)
    }

    func callAsFunction(_ input: Variable) -> Variable {
        let bias = table(on: input.tape).gathering([2, 0, 0, 1], axis: 0)
        let scaled = weight(on: input.tape).exp() * 0.5
        return input.multiplied(byMatrices: scaled) + bias
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("table", &table)
        visitor("weight", &weight)
    }
}

@Suite struct ParameterNodeTests {
    @Test("Nodes that read parameters alone are traced, written, read and run")
    func wholeWay() throws {
        let network = TableNetwork(seed: 1)
        let images = smoothImages(3, side: 2, seed: 2).reshaped(to: [3, 4])
        let expected = network.predict(images)
        let graph = try NetworkGraph(tracing: network, inputShape: [4])
        #expect(graph.nodes.contains { $0.operation != nil && $0.sources.isEmpty })
        let file = try SafetensorsFile(decoding: graph.file(metadata: [:]).encoded(), file: "table")
        let back = try NetworkGraph.decode(file).graph
        let folded = back.foldingBatchNorm().fusingActivations()
        #expect(folded.nodes.dropFirst().allSatisfy { !$0.sources.isEmpty } && folded.nodes.count == 3)
        for graph in [graph, back, folded] {
            #expect(try InferencePlan(graph)(images).isBitIdentical(to: expected))
        }
        let traced = try TracedNetwork(back)
        #expect(traced.predict(images).isBitIdentical(to: expected))
        #expect(Set(traced.parameters.map(\.path)) == ["table", "weight"])
    }
}
