import Autograd
import Foundation
import Testing

@Suite struct RegistryTests {
    static let operations: [any GraphOperation] = [
        AddOperation(), SubtractOperation(), MultiplyOperation(), DivideOperation(), MaximumOperation(),
        MinimumOperation(), SelectOperation(), ExpOperation(), LogOperation(), SqrtOperation(), AbsOperation(),
        ErfOperation(), NegateOperation(), PowOperation(exponent: -0.5), OffsetOperation(term: 0.1),
        ClampOperation(lower: nil, upper: nil), ClampOperation(lower: -1, upper: nil),
        ClampOperation(lower: nil, upper: 6), ClampOperation(lower: 0.1, upper: 0.3), SumOperation(axes: [0, -1]),
        SumOperation(axes: [], keepsAxes: true), MeanOperation(axes: [1, 2]), MaxOperation(axes: [-1], keepsAxes: true),
        ReshapeOperation(extents: [-1, 3]), TransposeOperation(order: [0, 2, 1]),
        SliceOperation(axis: -1, range: 2..<5),
        PadOperation(before: [0, 1], after: [2, 0], value: -0.25), GatherOperation(indices: [3, 0, 3], axis: 1),
        BatchedMatmulOperation(), SiLUOperation(), GELUOperation(), GELUOperation(approximation: .tanh),
        SoftplusOperation(), HardSwishOperation(), HardSigmoidOperation(slope: 0.2, offset: 0.5),
        ELUOperation(alpha: 1.5, scale: 0.7), LeakyReLUOperation(slope: 0.3), PReLUOperation(), PowerOperation(),
        RoundOperation(.down), RoundOperation(), SignOperation(), BroadcastOperation(),
        LayerNormOperation(epsilon: 0.1), RMSNormOperation(epsilon: 0.2),
        GroupNormOperation(channelsInGroup: 3, epsilon: 0.3),
    ]

    /// Gives the decoder of a JSON object away.
    private struct Box: Decodable {
        let decoder: any Decoder
        init(from decoder: any Decoder) throws { self.decoder = decoder }
    }

    @Test(
        "Every primitive comes back from JSON through the registry with its attributes", arguments: operations.indices)
    func roundTrip(index: Int) throws {
        let operation = Self.operations[index]
        let box = try JSONDecoder().decode(Box.self, from: JSONEncoder().encode(operation))
        let name = type(of: operation).name
        #expect(try OperationRegistry.standard.decode(name, from: box.decoder) == AnyOperation(operation))
    }

    @Test("Attributes that are missing or of another kind are errors")
    func broken() throws {
        for (name, text) in [
            ("sum", "{}"), ("sum", "{\"axes\":[0.5],\"keepsAxes\":true}"), ("slice", "{\"axis\":0,\"start\":0}"),
            ("pow", "{\"exponent\":1e60}"), ("reshape", "{\"extents\":7}"),
            ("gather", "{\"indices\":[1e30],\"axis\":0}"),
            ("pad", "{\"before\":[0],\"after\":[0]}"), ("clamp", "{\"lower\":\"0\"}"),
            ("gelu", "{\"approximation\":\"erf\"}"), ("round", "{}"), ("elu", "{\"alpha\":1}"),
            ("groupNorm", "{\"channelsInGroup\":0.5,\"epsilon\":1}"),
        ] {
            let box = try JSONDecoder().decode(Box.self, from: Data(text.utf8))
            #expect(throws: (any Error).self, "\(name) \(text)") {
                try OperationRegistry.standard.decode(name, from: box.decoder)
            }
        }
    }
}
