import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Graph

/// A network whose maps grow and shrink again: transposed convolution, resizing, pixels to channels and back, local
/// response normalisation, a depthwise convolution with two kernels a channel.
struct WideningNetwork: Module {
    var stem, depthwise: Conv2D
    var widen: TransposedConv2D
    var classifier: Dense

    init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        stem = Conv2D(2, 8, kernel: 3, using: &random)
        widen = TransposedConv2D(
            8, 4, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, using: &random)
        depthwise = Conv2D(16, 32, kernel: 3, stride: 2, groups: 16, using: &random)
        classifier = Dense(32, 3, using: &random)
    }

    func callAsFunction(_ input: Variable) -> Variable {
        let maps = widen(stem(input).channelsShuffled(groups: 2).localResponseNormalized(size: 3, alpha: 0.5))
        let larger = maps.resized(by: (2, 1.5), Interpolation(.linear))
        let smaller = larger.resized(to: (8, 8), Interpolation(.cubic(coefficient: -0.75), antialias: true))
        let deep = smaller.pixelUnshuffled(by: 2)
        return classifier(depthwise(deep.depthToSpace(block: 2).spaceToDepth(block: 2)).relu().globalAveragePooled())
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("stem", &stem)
        visitor("widen", &widen)
        visitor("depthwise", &depthwise)
        visitor("classifier", &classifier)
    }
}

@Suite struct WideningNetworkTests {
    static let network = WideningNetwork(seed: 1)
    static let images = smoothImages(5, side: 6, channels: 2, seed: 2)

    @Test("A network that widens is traced, run for any batch, written, read, and trains as the module does")
    func wholeWay() throws {
        let expected = Self.network.predict(Self.images)
        #expect(expected.shape == [5, 3])
        let graph = try NetworkGraph(tracing: Self.network, inputShape: [6, 6, 2])
        let plan = try InferencePlan(graph.foldingBatchNorm().fusingActivations())
        for count in [1, 3, 5] {
            let found = plan(Self.images[rows: 0..<count])
            #expect(NetworkGraphTests.largestDifference(found, expected[rows: 0..<count]) < 1e-5)
        }
        let file = try SafetensorsFile(decoding: graph.file(metadata: [:]).encoded(), file: "widening")
        let read = try NetworkGraph.decode(file).graph
        #expect(read.nodes.map(\.operation) == graph.nodes.map(\.operation))
        let traced = try TracedNetwork(read)
        #expect(traced.predict(Self.images).isBitIdentical(to: expected))

        func gradients(_ model: some Module) -> [String: Tensor] {
            var model = model
            let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(Self.images)).softmaxCrossEntropy(labels: [0, 1, 2, 0, 1])
            }
            var found: [String: Tensor] = [:]
            model.forEachParameter { path, parameter in found[path] = gradients[parameter.slot] }
            return found
        }
        let (own, again) = (gradients(Self.network), gradients(traced))
        #expect(own.count == 8 && own.keys == again.keys)
        for (path, gradient) in own {
            #expect(again[path]?.isBitIdentical(to: gradient) == true, "\(path)")
            #expect(gradient.scalars.contains { $0 != 0 }, "\(path)")
        }
    }
}
