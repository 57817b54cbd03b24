import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Prune

/// What normalisations without a batch and activations with parameters let pruning cut: a cut network must give what
/// the whole one gives with the cut filters zeroed.
@Suite struct NormalizationTests {
    /// Convolutions with something between them.
    struct Between: Module {
        enum Kind: CaseIterable { case slopes, slope, groups, instances, rows, rootMeanSquare, squeeze }

        var first, second: Conv2D
        var slope: PReLU?
        var groups: GroupNorm?
        var rows: LayerNorm?
        var rootMeanSquare: RMSNorm?
        var squeeze: SqueezeExcite?
        var classifier: Dense

        init(_ kind: Kind) {
            var random = Philox(seed: 4)
            first = Conv2D(1, 12, kernel: 3, using: &random)
            second = Conv2D(12, 8, kernel: 3, using: &random)
            classifier = Dense(8, 3, using: &random)
            func vary(_ parameter: inout Parameter) {
                parameter.value = Tensor(uniform: parameter.value.shape, in: 0.2...1, using: &random)
            }
            switch kind {
            case .slopes:
                var layer = PReLU(12)
                vary(&layer.slope)
                slope = layer
            case .slope: slope = PReLU()
            case .groups, .instances:
                var layer = GroupNorm(12, groups: kind == .groups ? 4 : 12)
                vary(&layer.scale)
                vary(&layer.shift)
                groups = layer
            case .rows: rows = LayerNorm(12)
            case .rootMeanSquare: rootMeanSquare = RMSNorm(12)
            case .squeeze: squeeze = SqueezeExcite(12, squeezed: 4, gate: HardSigmoidOperation(), using: &random)
            }
        }

        func callAsFunction(_ input: Variable) -> Variable {
            var maps = first(input)
            maps = slope?(maps) ?? maps
            maps = groups?(maps) ?? maps
            maps = rows?(maps) ?? maps
            maps = rootMeanSquare?(maps) ?? maps
            maps = squeeze?(maps) ?? maps
            return classifier(second(maps.hardSwish()).silu().globalAveragePooled())
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("first", &first)
            visitor("slope", &slope)
            visitor("groups", &groups)
            visitor("rows", &rows)
            visitor("rootMeanSquare", &rootMeanSquare)
            visitor("squeeze", &squeeze)
            visitor("second", &second)
            visitor("classifier", &classifier)
        }
    }

    static let images = smoothImages(6, side: 8, seed: 3)

    @Test(
        "A pruned network gives what the whole one gives with the cut filters zeroed", arguments: Between.Kind.allCases)
    func equalsZeroed(kind: Between.Kind) throws {
        let model = Between(kind)
        let cuts = try FilterCuts(
            of: model, inputShape: [8, 8, 1], to: .multiplyAdds(0.7), by: .l1, channelMultiple: 1)
        let small = try model.pruned(to: .multiplyAdds(0.7), inputShape: [8, 8, 1])
        let (found, expected) = (
            small.predict(Self.images), FilterPruningTests.zeroing(model, cuts).predict(Self.images)
        )
        #expect(((found - expected).scalars.map(abs).max() ?? .infinity) < 1e-4)
        #expect(small.parameterCount < model.parameterCount)
        // As a graph it is cut too.
        let traced = try TracedNetwork(NetworkGraph(tracing: model, inputShape: [8, 8, 1]))
            .pruned(to: .multiplyAdds(0.7), inputShape: [8, 8, 1])
        #expect(((traced.predict(Self.images) - found).scalars.map(abs).max() ?? .infinity) < 1e-5)
        let graph = try TracedNetwork(traced.graph())
        #expect(((graph.predict(Self.images) - found).scalars.map(abs).max() ?? .infinity) < 1e-5)
        let left = small.first.weight.value.shape[3]
        switch kind {
        // Mean and variance are over all channels, so that all stay.
        case .rows, .rootMeanSquare: #expect(left == 12)
        case .groups: #expect(left < 12 && left % 3 == 0)
        default: #expect(left < 12)
        }
    }

    @Test("Slopes and the scale of a group go with their channels")
    func ties() throws {
        func paths(_ kind: Between.Kind, with path: String) throws -> (Set<String>, count: Int)? {
            let sets = try ChannelSets(Between(kind), inputShape: [8, 8, 1])
            let family = sets.families.first { $0[0].places[.tensor(path: path, axis: 0)] != nil }
            guard let family else { return nil }
            let names = family[0].places.keys.compactMap { axis in
                if case .tensor(let path, let axis) = axis { "\(path) \(axis)" } else { nil }
            }
            return (Set(names), family.count)
        }
        let trunk: Set = ["first.weight 3", "first.bias 0", "second.weight 2"]
        let slopes = try #require(try paths(.slopes, with: "slope.slope"))
        #expect(slopes.0 == trunk.union(["slope.slope 0"]) && slopes.count == 12)
        let groups = try #require(try paths(.groups, with: "groups.scale"))
        #expect(groups.0 == trunk.union(["groups.scale 0", "groups.shift 0"]) && groups.count == 4)
        #expect(try paths(.instances, with: "groups.scale")?.count == 12)
        #expect(try paths(.slope, with: "slope.slope") == nil && paths(.rows, with: "rows.scale") == nil)
    }
}
