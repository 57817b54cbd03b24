import Autograd
import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// Nodes that the C export computes in float32, beside the engine.
@Suite struct CFloatExportTests {
    /// Compares the outputs of the C with the engine's.
    ///
    /// - Parameter bound: of their difference, relative to the largest output.
    static func check(_ model: QuantizedModel, _ images: Tensor, within bound: Float) throws {
        try CProgram.run(model, on: images) { _, found, _ in
            let expected = model.predict(images)
            try #require(found.count == expected.count)
            #expect(Set(found).count > 3)
            #expect(relativeDifference(Tensor(found, shape: expected.shape), expected) <= bound)
        }
    }

    /// A network of which all is computed in float32 but the rounding of the input.
    private static func floats(_ module: some Module, _ images: Tensor) throws -> QuantizedModel {
        let graph = try NetworkGraph(tracing: module, inputShape: Shape(Array(images.shape.dropFirst())))
            .foldingBatchNorm().fusingActivations()
        var rounding = WeightRounding(bits: 8)
        rounding.floatNodes = Set(graph.nodes.indices.dropFirst())
        let scale = AffineQuantization(scale: 0x1p-6, zeroPoint: 120)
        return QuantizedModel(
            network: try IntegerNetwork(IntegerProgram(graph, graph.nodes.map { _ in scale }, rounding)))
    }

    private static let maps: Tensor = {
        var random = Philox(seed: 8)
        return Tensor(normal: [3, 4, 5, 6], using: &random)
    }()

    private static func stored(_ shape: Shape, on input: Variable, _ seed: UInt64) -> Variable {
        var random = Philox(seed: seed)
        return input.tape.constant(Tensor(normal: shape, using: &random))
    }

    /// Checks that the results of many operations, which all read float32, are the engine's but for the last bits.
    private static func check(_ body: @escaping @Sendable (Variable) -> [Variable]) throws {
        let network = ClosureModule { x in .concatenated(body(x).map { $0.flattened() }, axis: 1) }
        let model = try floats(network, maps)
        try CProgram.run(model, on: maps) { _, found, _ in
            let expected = model.predict(maps).scalars
            try #require(found.count == expected.count)
            let worst = zip(found, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
            #expect(worst <= 2e-6)
        }
    }

    @Test("Every function of one number, to the last bits")
    func functions() throws {
        try Self.check { x in
            let positive = x * x + 0.1
            return [
                x.exp(), x.erf(), x.tanh(), x.sigmoid(), x.silu(), x.gelu(), x.gelu(.tanh), x.softplus(), x.hardSwish(),
                x.elu(alpha: 0.7), x.selu(), x.leakyReLU(slope: 0.2), x.hardSigmoid(), x.relu(), x.abs(), -x, x + 0.3,
                positive.log(), positive.sqrt(), positive.pow(1.3), x.sign(), x.rounded(), x.rounded(.down),
                x.rounded(.up), x.clamped(from: -0.5), x.clamped(to: 0.4), x.clamped(from: -0.2, to: 0.3),
            ]
        }
    }

    @Test("Operands that are broadcast along any axes, values that move, sums and maxima over axes")
    func axes() throws {
        try Self.check { x in
            let (row, column) = (Self.stored([6], on: x, 1), Self.stored([4, 1, 1], on: x, 2))
            let gate = x.mean(axes: [1, 3], keepingAxes: true)
            return [
                x + row, column - x, x * Self.stored([4, 1, 6], on: x, 3), x / (gate * gate + 0.5),
                .minimum(x, column), .maximum(row, x), (x * x + 0.1).pow(gate), x.prelu(slope: row), (x + gate).relu(),
                x.sum(axes: [2]), x.mean(axes: [3, 1]), x.max(axes: [1, 2], keepingAxes: true),
                x.transposed([0, 3, 1, 2]),
                x.transposed([0, 2, 1, 3]).reshaped(to: [-1, 10, 12]).slice(axis: 1, 3..<7),
                x.gathering([3, 0, 0, 2], axis: 1), x.padded(before: [0, 1, 0, 0], after: [0, 0, 2, 1], with: 0.3),
                .concatenated([x, gate + x, row + x], axis: 2),
                x.resized(to: (7, 3), Interpolation(.nearest(.floor), coordinates: .asymmetric)),
                Self.stored([1, 2, 3], on: x, 4).expanded(toBatchOf: x),
            ]
        }
    }

    @Test("Softmax, normalisations of rows and groups, products of matrices, layers with their residuals, pooling")
    func layers() throws {
        try Self.check { x in
            func stored(_ shape: Shape, _ seed: UInt64) -> Variable { Self.stored(shape, on: x, seed) }
            let layer = Conv2DGeometry(
                input: (4, 5, 6), kernel: (3, 3), outputChannels: 6, padding: Padding2D(1, 1), groups: 2)
            let wide = Conv2DGeometry(
                input: (4, 5, 6), kernel: (2, 2), outputChannels: 4, stride: (2, 1), dilation: (2, 1))
            return [
                x.softmax(), (x * 20).softmax(), x.logSoftmax(),
                x.layerNormalized(scale: stored([6], 1), shift: stored([6], 2)),
                x.layerNormalized(scale: stored([5, 6], 3), epsilon: 1e-3), x.rmsNormalized(scale: stored([6], 4)),
                x.groupNormalized(scale: stored([6], 5), shift: stored([6], 6), channelsInGroup: 3),
                x.multiplied(byMatrices: x.transposed([0, 1, 3, 2])), x.multiplied(byMatrices: stored([4, 6, 2], 7)),
                stored([2, 5], 8).multiplied(byMatrices: x),
                (x.convolved(with: stored(layer.weightShape, 9), bias: stored([6], 10), layer) + x).relu(),
                x.convolved(with: stored(wide.weightShape, 11), wide),
                x.multiplied(byMatrix: stored([6, 3], 12)),
                x.maxPooled(Pool2DGeometry(input: (4, 5, 6), window: (2, 3), stride: (1, 2), padding: (1, 1))),
                x.averagePooled(Pool2DGeometry(input: (4, 5, 6), window: (3, 3), stride: (2, 2), padding: (1, 1))),
                x.globalAveragePooled(),
            ]
        }
    }

    /// Two blocks of a vision transformer on patches of 4 pixels.
    struct SmallTransformer: Module {
        var patches: Conv2D
        var token, positions: Parameter
        var attention: [MultiHeadAttention]
        var norms: [LayerNorm]
        var wide, narrow: [Dense]
        var head: Dense

        init() {
            var random = Philox(seed: 3, operation: RandomPurpose.initialization)
            patches = Conv2D(3, 16, kernel: 4, stride: 4, padding: 0, using: &random)
            token = Parameter(Tensor(normal: [1, 1, 16], using: &random), role: .bias)
            positions = Parameter(Tensor(normal: [1, 10, 16], using: &random), role: .bias)
            attention = (0..<2).map { _ in MultiHeadAttention(16, heads: 2, using: &random) }
            norms = (0..<4).map { _ in LayerNorm(16) }
            wide = (0..<2).map { _ in Dense(16, 32, using: &random) }
            narrow = (0..<2).map { _ in Dense(32, 16, using: &random) }
            head = Dense(16, 5, using: &random)
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let rows = patches(input).reshaped(to: [-1, 9, 16])
            var x = Variable.concatenated([token(on: input.tape).expanded(toBatchOf: rows), rows], axis: 1)
            x = x + positions(on: input.tape)
            for block in 0..<2 {
                x = x + attention[block](norms[2 * block](x))
                x = x + narrow[block](wide[block](norms[2 * block + 1](x)).gelu())
            }
            return head(x.slice(axis: 1, 0..<1).reshaped(to: [-1, 16]))
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("patches", &patches)
            visitor("token", &token)
            visitor("positions", &positions)
            visitor("attention", &attention)
            visitor("norms", &norms)
            visitor("wide", &wide)
            visitor("narrow", &narrow)
            visitor("head", &head)
        }
    }

    @Test("A vision transformer: most logits are the engine's to the last bits, the others those of a byte beside it")
    func transformer() throws {
        let images = smoothImages(64, side: 12, channels: 3, seed: 5)
        let model = try QuantizedModel(SmallTransformer(), calibratedOn: [images])
        #expect(
            Set(model.nodes.filter(\.isFloat).map(\.operation)) == [
                "add", "batchedMatmul", "broadcast", "layerNorm", "softmax",
            ])
        try CProgram.run(model, on: images) { _, found, folder in
            let expected = model.predict(images)
            try #require(found.count == expected.count)
            let largest = expected.scalars.map(abs).max() ?? 0
            let differences = zip(found, expected.scalars).map { abs($0 - $1) / largest }
            #expect(differences.count { $0 < 1e-4 } * 100 >= 80 * differences.count)
            #expect(differences.allSatisfy { $0 < 0.02 })
            let header = try String(contentsOf: folder.appending(path: "net.h"), encoding: .utf8)
            #expect(header.contains("libm (-lm)"))
        }
    }

    @Test("What is written is what the network needs: no float32 in an integer network, no kernel that nothing calls")
    func size() throws {
        let images = smoothImages(4, side: 12, channels: 3, seed: 5)
        let integers = try CExport(
            QuantizedModel(ResNet(depth: 8, channels: 3, classes: 5, seed: 3), calibratedOn: [images]), name: "net")
        #expect(!integers.source.contains("math.h") && !integers.source.contains("numbers"))
        #expect(integers.header.contains("no library.") && integers.source.contains("static uint8_t memory["))
        let mixed = try CExport(QuantizedModel(SmallTransformer(), calibratedOn: [images]), name: "net").source
        #expect(mixed.contains("float floats[") && mixed.contains("static void softmax("))
        #expect(!mixed.contains("static void convolve_numbers") && !mixed.contains("places["))
    }

    @Test("What has no form in C is refused by name")
    func refusals() throws {
        let networks: [(String, ClosureModule)] = [
            ("select", ClosureModule { .select($0 + 0.1, $0, -$0).relu() }),
            ("resize", ClosureModule { $0.resized(to: (8, 8), Interpolation(.linear)).relu() }),
        ]
        for (name, network) in networks {
            let model = try QuantizedModel(network, calibratedOn: [Self.maps])
            #expect {
                try CExport(model, name: "net")
            } throws: { error in
                (error as? GraphError)?.operation == name && "\(error)".contains("; ONNX has one")
            }
        }
    }
}
