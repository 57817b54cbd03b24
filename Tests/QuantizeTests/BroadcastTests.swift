import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// Sums and products whose operands are broadcast have no kernel on uint8.
@Suite struct BroadcastTests {
    /// A map times a gate for each channel, [N, 1, 1, C], or that sum; a dense layer after it.
    struct Gated: Module {
        var first, gate: Conv2D
        var classifier: Dense
        let adds: Bool

        init(adds: Bool) {
            var random = Philox(seed: 4)
            first = Conv2D(1, 8, kernel: 3, using: &random)
            gate = Conv2D(8, 8, kernel: 1, using: &random)
            classifier = Dense(8, 3, using: &random)
            self.adds = adds
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let maps = first(input)
            let (_, h, w, c) = maps.shape.nhwc(for: "Gated")
            let share = gate(maps.averagePooled(Pool2DGeometry(input: (h, w, c), window: (h, w))))
            return classifier((adds ? (maps + share).relu() : maps * share.sigmoid()).globalAveragePooled())
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("first", &first)
            visitor("gate", &gate)
            visitor("classifier", &classifier)
        }
    }

    static let images = smoothImages(20, side: 8, seed: 7)

    @Test(
        "Refused by name, and computed in float32 on request; a file gives back the same bits",
        arguments: [true, false])
    func floatOnly(adds: Bool) throws {
        let (network, name) = (Gated(adds: adds), adds ? "add" : "multiply")
        #expect {
            _ = try QuantizedModel(network, calibratedOn: [Self.images])
        } throws: { error in
            (error as? GraphError)?.operation == name && "\(error)".contains("broadcasts its inputs")
        }
        let mixed = try QuantizedModel(network, calibratedOn: [Self.images], floatLayers: [name])
        #expect(mixed.nodes.filter(\.isFloat).map(\.operation) == [name])
        #expect(signalToNoise(mixed.predict(Self.images), network.predict(Self.images)) > 25)
        var file = mixed.file(metadata: [:])
        let copy = try QuantizedModel.decode(file).model
        #expect(copy.predict(Self.images).isBitIdentical(to: mixed.predict(Self.images)))
        // A file that asks for the kernel all the same is refused before the kernel stops the program.
        let text = try #require(file.metadata[GraphRecord.key])
        file.metadata[GraphRecord.key] = text.replacing(/"compute":"float32",?/, with: "")
        let message = QuantizedFileTests.failure(file) ?? "taken"
        #expect(message.contains("\(name) of [[N, ") && message.contains("inputs of one shape"), "\(message)")
    }

    @Test("Operands of one shape keep their kernel")
    func oneShape() throws {
        let model = try QuantizedModel(QuantizedModelTests.patchwork, calibratedOn: [QuantizedModelTests.colours])
        #expect(model.nodes.filter(\.isFloat).isEmpty)
        #expect(model.nodes.map(\.operation).contains("multiply"))
    }
}
