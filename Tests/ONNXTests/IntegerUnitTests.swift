import Foundation
import Graph
import Quantize
import TensorCore
import TestSupport
import Testing

@testable import ONNX

@Suite("Layers that a file writes in units of their result's scale")
struct IntegerUnitTests {
    /// relu(convolution + residual) as `ONNXExport` writes it, with scales 1/16 for the input and 1/4 for the result.
    ///
    /// - Parameters:
    ///   - factors: what a sum of products is in units of the result.
    ///   - ratio: what a unit of the residual is.
    ///   - usesSums: whether another operator reads the sums.
    private static func model(
        factors: [Float] = [0x1p-8, 0x1p-9, 0x1p-10], shape: Shape = [1, 3, 1, 1], ratio: Float = 0x1p-2,
        usesSums: Bool = false
    ) throws -> ONNXModel {
        var m = QuantizedModels()
        let own = m.scale(0x1p-4, 120)
        let bytes = m.add("QuantizeLinear", ["x"] + own)
        func read(_ scale: Float) -> String {
            m.add("DequantizeLinear", [bytes, m.numbers([scale]), own[1]])
        }
        let ones = m.numbers([1, 1, 1])
        let w = m.add(
            "DequantizeLinear", [m.weights([3, 3, 3, 3]), ones, m.integers([0, 0, 0], [3], .int8)], ["axis": .int(0)])
        let b = m.add("DequantizeLinear", [m.integers([90, -3000, 8], [3], .int32), ones], ["axis": .int(0)])
        let sums = m.add("Conv", [read(1), w, b], ["pads": .ints([1, 1, 1, 1])])
        let scaled = m.add("Mul", [sums, m.numbers(factors, shape)])
        let sum = m.add("Add", [usesSums ? sums : scaled, read(ratio)])
        let result = [m.numbers([1]), m.integers([9], nil, .uint8)]
        let rounded = m.add("QuantizeLinear", [m.add("Relu", [sum])] + result)
        let numbers = m.add("DequantizeLinear", [rounded, m.numbers([0x1p-2]), result[1]])
        return try m.model(numbers)
    }

    @Test("They are layers of integers with a residual, to the bit")
    func exact() throws {
        let model = try Self.model()
        let expected = try #require(try model.run(["x": ONNXTensor(IntegerTests.images)])[model.outputs[0].name])
        let int8 = try QuantizedModel(model.roundedGraph())
        #expect(int8.nodes.allSatisfy { !$0.isFloat })
        #expect(int8.nodes.contains { $0.quantization == AffineQuantization(scale: 0x1p-2, zeroPoint: 9) })
        #expect(int8.predict(IntegerTests.images.transposed([0, 2, 3, 1])).scalars == expected.tensor.scalars)
        #expect(Set(expected.tensor.scalars).count > 20)
    }

    @Test("Factors that are no ratios of scales, or of no channels, and sums that something else reads are refused")
    func refusals() throws {
        func complaint(_ model: ONNXModel) throws -> String {
            let rounded = try model.roundedGraph()
            let error = #expect(throws: GraphError.self) { try QuantizedModel(rounded) }
            return error?.description ?? ""
        }
        let ratio = try complaint(Self.model(ratio: 0x1p-3))
        #expect(ratio.contains("no ratio of its bytes' scales"))
        let negative = try complaint(Self.model(factors: [0x1p-8, -1, 1]))
        #expect(negative.contains("integers beyond"))
        let columns = try complaint(Self.model(factors: [1, 1, 1, 1], shape: [1, 1, 1, 4]))
        #expect(columns.contains("with another scale"))
        let sums = try complaint(Self.model(usesSums: true))
        #expect(sums.contains("with another scale"))
    }

    @Test("20,000 changed files give a typed error or a model that works")
    func changed() throws {
        let bytes = try [UInt8](Self.model().file.message.serializedBytes() as Data)
        let limits = GraphLimits(operations: 1e7, activationBytes: 1 << 24)
        var worked = 0
        for sample in 0..<20_000 {
            do {
                let read = try ONNXModel(mutation(of: [bytes], sample: sample), name: "model.onnx", limits: limits)
                let int8 = try QuantizedModel(read.roundedGraph())
                if sample % 50 == 0 { _ = int8.predict(Tensor.zeros(Shape([1] + int8.inputShape.extents))) }
                worked += 1
            } catch is FormatError {
            } catch is GraphError {
            } catch is MachineError {}
        }
        #expect(worked > 200)
    }
}
