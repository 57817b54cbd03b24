import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Prune

/// Products whose operands are broadcast: what is cut on one side of them must be cut on the other, or nothing may be.
@Suite struct BroadcastTests {
    /// A map gated by channel, [N, 1, 1, C], or by pixel, [N, H, W, 1].
    struct Gated: Module {
        var first, second, gate: Conv2D
        var classifier: Dense
        let byChannel: Bool

        init(byChannel: Bool) {
            var random = Philox(seed: 4)
            first = Conv2D(1, 6, kernel: 3, using: &random)
            second = Conv2D(6, 8, kernel: 3, using: &random)
            gate = Conv2D(8, byChannel ? 8 : 1, kernel: 1, using: &random)
            classifier = Dense(8, 3, using: &random)
            self.byChannel = byChannel
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let maps = second(first(input).relu())
            let (_, h, w, c) = maps.shape.nhwc(for: "Gated")
            let whole = Pool2DGeometry(input: (h, w, c), window: (h, w))
            let share = gate(byChannel ? maps.averagePooled(whole) : maps).sigmoid()
            return classifier((share * maps + share).globalAveragePooled())
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("first", &first)
            visitor("second", &second)
            visitor("gate", &gate)
            visitor("classifier", &classifier)
        }
    }

    static func axes(_ model: Gated) throws -> [Set<String>] {
        try ChannelSets(model, inputShape: [8, 8, 1]).families.map { family in
            Set(
                family[0].places.keys.compactMap {
                    if case .tensor(let path, let axis) = $0 { "\(path) \(axis)" } else { nil }
                })
        }
    }

    /// A pruned network gives what the whole one gives with the cut filters zeroed.
    static func checkZeroed(_ model: Gated) throws {
        let images = smoothImages(6, side: 8, seed: 3)
        let cuts = try FilterCuts(
            of: model, inputShape: [8, 8, 1], to: .multiplyAdds(0.5), by: .l1, channelMultiple: 1)
        let small = try model.pruned(to: .multiplyAdds(0.5), inputShape: [8, 8, 1])
        let (found, expected) = (small.predict(images), FilterPruningTests.zeroing(model, cuts).predict(images))
        #expect(((found - expected).scalars.map(abs).max() ?? .infinity) < 1e-4)
        #expect(small.parameterCount < model.parameterCount)
    }

    @Test("A gate for each channel is cut with the map that it multiplies, and with the sum")
    func byChannel() throws {
        let model = Gated(byChannel: true)
        #expect(
            try Self.axes(model).contains([
                "second.weight 3", "second.bias 0", "gate.weight 2", "gate.weight 3", "gate.bias 0",
                "classifier.weight 0",
            ]))
        try Self.checkZeroed(model)
    }

    @Test("A gate for each pixel has no channels to cut, and keeps those of the map that it multiplies")
    func byPixel() throws {
        let model = Gated(byChannel: false)
        #expect(try Self.axes(model) == [["first.weight 3", "first.bias 0", "second.weight 2"]])
        let small = try model.pruned(to: .multiplyAdds(0.5), inputShape: [8, 8, 1])
        #expect(small.second.weight.value.shape.last == 8 && (small.first.weight.value.shape.last ?? 6) < 6)
        try Self.checkZeroed(model)
    }
}
