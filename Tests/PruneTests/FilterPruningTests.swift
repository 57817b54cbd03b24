import Autograd
import Graph
import Layers
import Quantize
import TensorCore
import TestSupport
import Testing

@testable import Prune

@Suite struct FilterPruningTests {
    static let convNet = withStatistics(ConvNet(width: 8, channels: 1, classes: 3, seed: 1), seed: 2)
    static let resNet = withStatistics(ResNet(depth: 8, channels: 3, classes: 4, seed: 1), seed: 2)
    static let patchwork = withStatistics(Patchwork(seed: 1), seed: 2)

    /// Convolutions whose result is flattened into a dense layer.
    struct Flat: Module {
        var first: ConvolutionBlock
        var second: Conv2D
        var classifier: Dense

        init() {
            var random = Philox(seed: 3)
            first = ConvolutionBlock(1, 6, using: &random)
            second = Conv2D(6, 8, kernel: 3, stride: 2, using: &random)
            classifier = Dense(8 * 9, 3, using: &random)
        }

        func callAsFunction(_ input: Variable) -> Variable {
            classifier(second(first(input)).sigmoid().flattened())
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("first", &first)
            visitor("second", &second)
            visitor("classifier", &classifier)
        }
    }

    /// The network with every cut number set to 0 where it was.
    static func zeroing<M: Module>(_ model: M, _ cuts: FilterCuts) -> M {
        var model = model
        model.forEachParameter { path, parameter in
            let extents = parameter.value.shape.extents
            for axis in extents.indices {
                guard let places = cuts.removed[.tensor(path: path, axis: axis)] else { continue }
                let inner = extents[(axis + 1)...].reduce(1, *)
                parameter.value = Tensor(
                    parameter.value.scalars.enumerated().map {
                        places.contains($0 / inner % extents[axis]) ? 0 : $1
                    }, shape: parameter.value.shape)
            }
        }
        return model
    }

    static func check(_ model: some Module, _ images: Tensor, to share: Double, multiple: Int = 1) throws {
        let inputShape = Shape(Array(images.shape.dropFirst()))
        let cuts = try FilterCuts(
            of: model, inputShape: inputShape, to: .multiplyAdds(share), by: .l1, channelMultiple: multiple)
        let small = try model.pruned(to: .multiplyAdds(share), inputShape: inputShape, channelMultiple: multiple)
        let (found, expected) = (small.predict(images), zeroing(model, cuts).predict(images))
        #expect(((found - expected).scalars.map(abs).max() ?? .infinity) < 1e-4)
        // The cut is no detail: the whole network says something else.
        #expect(((found - model.predict(images)).scalars.map(abs).max() ?? 0) > 1e-2)
        let graph = try NetworkGraph(tracing: small, inputShape: inputShape)
        let whole = try NetworkGraph(tracing: model, inputShape: inputShape)
        #expect(Double(graph.multiplyAdds) <= share * Double(whole.multiplyAdds))
        #expect(small.parameterCount < model.parameterCount)

        // It is a network like any other: it trains, and quantises.
        var trained = small
        var losses: [Float] = []
        for _ in 0..<8 {
            let labels = (0..<images.shape[0]).map { $0 % 3 }
            let (loss, gradients) = valueAndGradients(of: &trained) { model, tape in
                model(tape.constant(images)).softmaxCrossEntropy(labels: labels)
            }
            losses.append(loss)
            trained.forEachParameter { _, parameter in
                if let gradient = gradients[parameter.slot] { parameter.value.add(gradient, scaledBy: -0.05) }
            }
        }
        #expect(losses[7] < losses[0])
        let int8 = try QuantizedModel(small, calibratedOn: [images], observer: .minMax)
        #expect(signalToNoise(int8.predict(images), found) > 15)
    }

    @Test("A pruned network gives what the whole one gives with the cut filters zeroed", arguments: [0.7, 0.4])
    func equalsZeroed(share: Double) throws {
        try Self.check(Self.convNet, smoothImages(7, side: 8, seed: 3), to: share)
        try Self.check(Self.resNet, smoothImages(6, side: 8, channels: 3, seed: 3), to: share)
        try Self.check(Self.patchwork, smoothImages(6, side: 16, channels: 2, seed: 4), to: share)
        try Self.check(
            MLP(inputs: 64, hidden: [20, 9], classes: 4, seed: 1), smoothImages(6, side: 8, seed: 3), to: share)
        try Self.check(Flat(), smoothImages(6, side: 6, seed: 3), to: share)
    }

    @Test("Operands of a sum share their channels, branches of a concatenation have their own, groups stay alike")
    func dependencies() throws {
        let sets = try ChannelSets(Self.resNet, inputShape: [8, 8, 3])
        func family(_ path: String, _ axis: Int, in sets: ChannelSets) -> Int? {
            sets.families.firstIndex { $0[0].places[.tensor(path: path, axis: axis)] != nil }
        }
        // Stem, the block's second convolution and the next stage's inputs are one set; the block's inside is another.
        let trunk = family("stem.convolution.weight", 3, in: sets)
        #expect(trunk != nil && family("stage1.0.second.convolution.weight", 3, in: sets) == trunk)
        #expect(family("stage2.0.first.convolution.weight", 2, in: sets) == trunk)
        #expect(family("stage2.0.shortcut.convolution.weight", 2, in: sets) == trunk)
        #expect(family("stage1.0.first.convolution.weight", 3, in: sets) != trunk)
        // Image and classes stay.
        #expect(family("stem.convolution.weight", 2, in: sets) == nil)
        #expect(family("classifier.weight", 1, in: sets) == nil && family("classifier.bias", 0, in: sets) == nil)
        #expect(sets.families.map(\.count).sorted() == [16, 16, 32, 32, 64, 64])

        // Two branches are joined, and one of them goes through a convolution of two groups.
        struct Joined: Module {
            var left, right, grouped, last: Conv2D
            var dense: Dense
            func callAsFunction(_ input: Variable) -> Variable {
                let joined = Variable.concatenated([left(input), grouped(right(input))], axis: 3)
                return dense(last(joined).globalAveragePooled())
            }
            mutating func visitParameters(_ visitor: ParameterVisitor) {
                visitor("left", &left)
                visitor("right", &right)
                visitor("grouped", &grouped)
                visitor("last", &last)
                visitor("dense", &dense)
            }
        }
        var random = Philox(seed: 5)
        let model = Joined(
            left: Conv2D(2, 6, kernel: 3, using: &random), right: Conv2D(2, 8, kernel: 1, using: &random),
            grouped: Conv2D(8, 8, kernel: 3, groups: 2, using: &random), last: Conv2D(14, 5, kernel: 1, using: &random),
            dense: Dense(5, 3, using: &random))
        let joined = try ChannelSets(model, inputShape: [6, 6, 2])
        #expect(family("left.weight", 3, in: joined) != family("grouped.weight", 3, in: joined))
        // left; pairs of right's; pairs of grouped's; last.
        #expect(joined.families.map(\.count).sorted() == [4, 4, 5, 6])
        try Self.check(model, smoothImages(6, side: 6, channels: 2, seed: 4), to: 0.5)
        let small = try model.pruned(to: .multiplyAdds(0.4), inputShape: [6, 6, 2])
        #expect(small.grouped.weight.value.shape[3] % 2 == 0)
        let (left, right) = (small.left.weight.value.shape[3], small.grouped.weight.value.shape[3])
        #expect(small.last.weight.value.shape[2] == left + right && left + right < 14)
        #expect(small.right.weight.value.shape[3] == 2 * small.grouped.weight.value.shape[2])
    }

    @Test("The filters that matter least by each measure are those that go")
    func importance() throws {
        // Of 8 filters of the first layer, 2 and 5 are made the least important in each of three ways.
        var weak = Self.convNet
        weak.stage1[0].convolution.weight.value = Tensor(
            weak.stage1[0].convolution.weight.value.scalars.enumerated().map {
                [2, 5].contains($0 % 8) ? $1 / 1000 : $1
            },
            shape: [3, 3, 1, 8])
        var quiet = Self.convNet
        quiet.stage1[0].normalization.scale.value = Tensor([1, 1, 1e-3, 1, 1, 1e-3, 1, 1])
        let slopes = Dictionary(
            uniqueKeysWithValues: Self.convNet.tensors.map { path, tensor in
                // Scale and shift of the two cancel in one batch and in the other; weights have no say beside them.
                let value: Float = path.hasSuffix(".weight") ? 1000 : 1
                return (path, Tensor(repeating: value, shape: tensor.shape))
            })
        var level = slopes
        let (scale, shift) = (Self.convNet.stage1[0].normalization.scale, Self.convNet.stage1[0].normalization.shift)
        level["stage1.0.normalization.shift"] = Tensor(
            zip(scale.value.scalars, shift.value.scalars).enumerated().map {
                [2, 5].contains($0) ? -$1.0 / $1.1 : 10
            })
        func removed(_ model: ConvNet, _ importance: FilterImportance) throws -> Set<Int>? {
            // The first step of the smallest cuts: as many as are needed for 3 % less.
            let cuts = try FilterCuts(
                of: model, inputShape: [8, 8, 1], to: .multiplyAdds(0.94), by: importance, channelMultiple: 1)
            return cuts.removed[.tensor(path: "stage1.0.convolution.weight", axis: 3)]
        }
        #expect(try removed(weak, .l1) == [2, 5])
        #expect(try removed(quiet, .batchNormScale) == [2, 5])
        #expect(try removed(Self.convNet, .taylor(gradients: [level, level])) == [2, 5])
        #expect(try removed(Self.convNet, .taylor(gradients: [level, slopes])) != [2, 5])
    }

    @Test("Layers that are cut keep a multiple, and in bytes the budget is that of the tensors")
    func budgets() throws {
        let small = try Self.resNet.pruned(
            to: .multiplyAdds(0.5), inputShape: [8, 8, 3], channelMultiple: 8)
        for (path, parameter) in small.parameters where path.hasSuffix("runningMean") {
            #expect(parameter.value.count % 8 == 0, "\(path)")
        }
        let bytes = 4 * Self.resNet.tensors.values.reduce(0) { $0 + $1.count }
        let half = try Self.resNet.pruned(to: .bytes(bytes / 2), inputShape: [8, 8, 3])
        let left = 4 * half.tensors.values.reduce(0) { $0 + $1.count }
        #expect(left <= bytes / 2 && left > bytes * 2 / 5)
        // Nothing to do.
        #expect(try Self.resNet.pruned(to: .multiplyAdds(1), inputShape: [8, 8, 3]).bits == Self.resNet.bits)
    }

    @Test("A budget that cannot be met names the closest, at which every layer still has a channel")
    func unreachable() throws {
        let inputShape: Shape = [8, 8, 3]
        do {
            _ = try Self.resNet.pruned(to: .multiplyAdds(1e-9), inputShape: inputShape)
            Issue.record("pruned to nothing")
        } catch PruningError.unreachable(let budget, let closest) {
            #expect(budget == .multiplyAdds(1e-9))
            let least = try Self.resNet.pruned(to: closest, inputShape: inputShape)
            #expect(least.tensors.values.allSatisfy { !$0.shape.contains(0) })
            #expect(least.stem.convolution.weight.value.shape == [3, 3, 3, 1])
            #expect(least.predict(smoothImages(2, side: 8, channels: 3, seed: 1)).isFinite)
        }
        // Without normalisations their scales say nothing, and everything stays.
        let mlp = MLP(inputs: 4, hidden: [4], classes: 2, seed: 1)
        #expect(throws: PruningError.unreachable(budget: .multiplyAdds(0.5), closest: .multiplyAdds(1))) {
            try mlp.pruned(to: .multiplyAdds(0.5), inputShape: [4], by: .batchNormScale)
        }
        #expect("\(PruningError.unreachable(budget: .bytes(9), closest: .bytes(44)))".contains("44 bytes"))
    }

    @Test("A latency that is had already cuts nothing, one that cannot be had says what can")
    func latency() throws {
        let shape: Shape = [16, 16, 1]
        let network = withStatistics(ConvNet(width: 32, channels: 1, classes: 3, seed: 1), seed: 2)
        #expect(try network.pruned(to: .latency(60), inputShape: shape).tensors == network.tensors)
        #expect {
            try network.pruned(to: .latency(1e-9), inputShape: shape)
        } throws: { error in
            guard case PruningError.unreachable(.latency(1e-9), .latency(let least)) = error else { return false }
            return least > 1e-9 && least < 60
                && "\(error)".hasPrefix("less than 0.0001 ms an image cannot be reached: at least ")
                && "\(error)".hasSuffix(" ms an image remain")
        }
    }

    @Test("A scan cuts the least important filters of one set at a time, and rates the network without them")
    func sensitivity() throws {
        let network = Self.resNet
        let scan = try network.filterSensitivity(cutting: [0, 0.5, 1], inputShape: [8, 8, 3]) { cut in
            Double(cut.parameterCount)
        }
        // Three stages and the inner channels of three blocks; what is added goes together.
        #expect(scan.map(\.filters).sorted() == [16, 16, 32, 32, 64, 64])
        #expect(scan.contains { $0.layers == ["stage1.0.second.convolution.weight", "stem.convolution.weight"] })
        for found in scan {
            #expect(found.trials.map(\.cut) == [0, found.filters / 2, found.filters - 1])
            #expect(found.trials[0].score == Double(network.parameterCount))
            #expect(found.trials[0].score > found.trials[1].score && found.trials[1].score > found.trials[2].score)
        }
        let inner = try #require(scan.first { $0.layers == ["stage3.0.first.convolution.weight"] })
        // Half of 64 filters: of 32 inputs, their normalisation, and what reads them.
        #expect(inner.trials[1].score == Double(network.parameterCount - 32 * (9 * 32 + 2 + 9 * 64)))
    }
}
