import Graph
import Layers
import Quantize
import TensorCore
import TestSupport
import Testing

@testable import Prune

/// Networks for photographs, whose ties are harder: depthwise convolutions, channels that are split, mixed and joined,
/// gates, tokens. What cannot be cut must be kept whole.
@Suite struct NetworkPruningTests {
    static let names = ["mobilenetv2-0.25", "shufflenetv2-0.5", "mobilenetv3-small-0.5", "vit-tiny"]
    static let shape: Shape = [32, 32, 3]

    static func network(_ name: String) throws -> AnyModule {
        withStatistics(
            AnyModule(try NetworkRegistry.standard.makeNetwork(named: name, inputShape: shape, classes: 4, seed: 1)),
            seed: 2)
    }

    @Test(
        "A pruned network gives what the whole one gives with the cut channels zeroed; it trains and is quantised",
        arguments: names)
    func equalsZeroed(name: String) throws { try Self.check(Self.network(name), to: 0.8) }

    @Test(
        "In a graph heads of attention and channels that a shuffle mixes are cut too, and the rest is as before",
        arguments: ["shufflenetv2-0.5", "vit-tiny"])
    func movedChannels(name: String) throws {
        let graph = try NetworkGraph(tracing: Self.network(name), inputShape: Self.shape)
        let small = try Self.check(TracedNetwork(graph), to: 0.5)
        let smaller = small.graph()
        #expect(Double(smaller.multiplyAdds) <= 0.5 * Double(graph.multiplyAdds))
        // Heads have 64 channels; a stage's channels are what its branches give.
        let (path, unit) = name == "vit-tiny" ? ("attn.qkv.weight", 192) : ("branch2.5.weight", 1)
        let widths = zip(small.parameters, try TracedNetwork(graph).parameters).filter { $0.0.path.hasSuffix(path) }
            .map { ($0.parameter.value.shape.last ?? 0, $1.parameter.value.shape.last ?? 0) }
        #expect(widths.contains { $0 < $1 } && widths.allSatisfy { $0.0 % unit == 0 && $0.0 > 0 })
        let file = try NetworkGraph.decode(smaller.file()).graph
        let images = smoothImages(2, side: 32, channels: 3, seed: 4)
        #expect(try InferencePlan(file)(images).isBitIdentical(to: InferencePlan(smaller)(images)))
    }

    @discardableResult
    static func check<M: Module>(_ network: M, to share: Double) throws -> M {
        let images = smoothImages(4, side: 32, channels: 3, seed: 3)
        let cuts = try FilterCuts(
            of: network, inputShape: shape, to: .multiplyAdds(share), by: .l1, channelMultiple: 1)
        let small = try network.pruned(to: .multiplyAdds(share), inputShape: shape)
        let expected = FilterPruningTests.zeroing(network, cuts).predict(images)
        let (found, whole) = (small.predict(images), network.predict(images))
        let largest = expected.scalars.map(abs).max() ?? 0
        #expect(((found - expected).scalars.map(abs).max() ?? .infinity) < 1e-4 * largest)
        #expect(((found - whole).scalars.map(abs).max() ?? 0) > 1e-2 * largest)
        #expect(small.parameterCount < network.parameterCount)

        var trained = small
        let (_, gradients) = valueAndGradients(of: &trained) { model, tape in
            model(tape.constant(images)).softmaxCrossEntropy(labels: [0, 1, 2, 3])
        }
        #expect(trained.parameters.allSatisfy { gradients[$0.parameter.slot]?.isFinite ?? true })
        #expect(signalToNoise(try QuantizedModel(small, calibratedOn: [images]).predict(images), found) > 10)
        return small
    }

    @Test("A depthwise convolution goes with its input; split and mixed channels stay whole")
    func ties() throws {
        func families(_ name: String) throws -> [Set<String>] {
            let network = try NetworkRegistry.standard.makeNetwork(
                named: name, inputShape: [32, 32, 3], classes: 4, seed: 1)
            return try ChannelSets(AnyModule(network), inputShape: [32, 32, 3]).families.map { family in
                Set(
                    family[0].places.keys.compactMap {
                        if case .tensor(let path, let axis) = $0 { "\(path) \(axis)" } else { nil }
                    })
            }
        }
        let inside = [
            "0.0.weight 3", "0.1.scale 0", "0.1.shift 0", "0.1.runningMean 0", "0.1.runningVariance 0", "1.0.weight 3",
            "1.1.scale 0", "1.1.shift 0", "1.1.runningMean 0", "1.1.runningVariance 0", "2.weight 2",
        ]
        #expect(try families("mobilenetv2-0.25").contains(Set(inside.map { "features.3.conv.\($0)" })))
        let shuffled = try families("shufflenetv2-0.5")
        // Between a branch's layers there is what can be cut; what leaves it is mixed with the other branch's.
        #expect(shuffled.contains { $0.contains("stage3.1.branch2.0.weight 3") })
        #expect(!shuffled.contains { $0.contains("stage3.1.branch2.5.weight 3") })
    }
}
