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

    @Test(
        "A pruned network gives what the whole one gives with the cut channels zeroed; it trains and is quantised",
        arguments: names)
    func equalsZeroed(name: String) throws {
        let network = withStatistics(
            AnyModule(
                try NetworkRegistry.standard.makeNetwork(named: name, inputShape: [32, 32, 3], classes: 4, seed: 1)),
            seed: 2)
        let images = smoothImages(4, side: 32, channels: 3, seed: 3)
        let shape: Shape = [32, 32, 3]
        let cuts = try FilterCuts(of: network, inputShape: shape, to: .multiplyAdds(0.8), by: .l1, channelMultiple: 1)
        let small = try network.pruned(to: .multiplyAdds(0.8), inputShape: shape)
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
    }

    @Test("A depthwise convolution goes with its input; split and mixed channels stay whole")
    func ties() throws {
        func families(_ name: String) throws -> [Set<String>] {
            let network = try NetworkRegistry.standard.makeNetwork(
                named: name, inputShape: [32, 32, 3], classes: 4, seed: 1)
            let graph = try NetworkGraph(tracing: AnyModule(network), inputShape: [32, 32, 3])
            return try ChannelSets(graph).families.map { family in
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
