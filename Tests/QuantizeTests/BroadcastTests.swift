import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// Sums and products whose operands are broadcast: on uint8 where one is repeated along neighbouring axes of the other.
@Suite struct BroadcastTests {
    /// A map times a gate for each channel, [N, 1, 1, C], or that sum; a dense layer after it. One that crosses gates
    /// the mean over the pixels by one for each pixel.
    struct Gated: Module {
        var first, gate: Conv2D
        var classifier: Dense
        let adds, crosses: Bool

        init(adds: Bool, crosses: Bool = false) {
            var random = Philox(seed: 4)
            first = Conv2D(1, 8, kernel: 3, using: &random)
            gate = Conv2D(8, 8, kernel: 1, using: &random)
            classifier = Dense(8, 3, using: &random)
            (self.adds, self.crosses) = (adds, crosses)
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let maps = first(input)
            let (_, h, w, c) = maps.shape.nhwc(for: "Gated")
            let share = gate(maps.averagePooled(Pool2DGeometry(input: (h, w, c), window: (h, w))))
            let gated = crosses ? maps.mean(axes: [3], keepingAxes: true) : maps
            // The gate comes first in the product.
            return classifier((adds ? (gated + share).relu() : share.sigmoid() * gated).globalAveragePooled())
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("first", &first)
            visitor("gate", &gate)
            visitor("classifier", &classifier)
        }
    }

    static let images = smoothImages(20, side: 8, seed: 7)

    @Test(
        "A gate for each channel is computed on uint8, in the engine, after a file and in C", arguments: [true, false])
    func gates(adds: Bool) throws {
        let network = Gated(adds: adds)
        let int8 = try QuantizedModel(network, calibratedOn: [Self.images])
        #expect(int8.nodes.filter(\.isFloat).isEmpty)
        #expect(signalToNoise(int8.predict(Self.images), network.predict(Self.images)) > 25)
        let copy = try QuantizedModel.decode(int8.file(metadata: [:])).model
        #expect(copy.predict(Self.images).isBitIdentical(to: int8.predict(Self.images)))
        try CExportTests.check(network, Self.images)
    }

    @Test(
        "Where both operands are repeated the node is float32, which is told; a file gives back the same bits",
        arguments: [true, false])
    func floatOnly(adds: Bool) throws {
        let (network, name) = (Gated(adds: adds, crosses: true), adds ? "add" : "multiply")
        let mixed = try QuantizedModel(network, calibratedOn: [Self.images])
        let reasons = mixed.nodes.compactMap { node in node.floatReason.map { "\(node.operation): \($0)" } }
        #expect(reasons.last == "\(name): no INT8 kernel that broadcasts so", "\(reasons)")
        #expect(signalToNoise(mixed.predict(Self.images), network.predict(Self.images)) > 25)
        var file = mixed.file(metadata: [:])
        let copy = try QuantizedModel.decode(file).model
        #expect(copy.predict(Self.images).isBitIdentical(to: mixed.predict(Self.images)))
        // A file that asks for the kernel all the same is refused before the kernel stops the program.
        let text = try #require(file.metadata[GraphRecord.key])
        file.metadata[GraphRecord.key] = text.replacing(/"compute":"float32",?/, with: "")
        let message = QuantizedFileTests.failure(file) ?? "taken"
        #expect(
            message.contains("\(name) of [[N, ") && message.contains("repeated along neighbouring axes"), "\(message)")
    }

    @Test("Operands of one shape keep their kernel")
    func oneShape() throws {
        let model = try QuantizedModel(QuantizedModelTests.patchwork, calibratedOn: [QuantizedModelTests.colours])
        #expect(model.nodes.filter(\.isFloat).isEmpty)
        #expect(model.nodes.map(\.operation).contains("multiply"))
    }
}
