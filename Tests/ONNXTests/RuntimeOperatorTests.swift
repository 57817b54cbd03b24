import Graph
import Quantize
import TensorCore
import Testing

@testable import ONNX

@Suite("Operators of ONNX Runtime for integers")
struct RuntimeOperatorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// The standard operator.
        let standard: String
        var attributes: [String: NodeCall.Attribute] = [:]
        /// How many operands it has.
        var operands = 1
        /// Operations in float32.
        var floats: [String] = []
    }

    static let cases: [Case] = [
        Case(testDescription: "QLinearSigmoid", standard: "Sigmoid"),
        Case(testDescription: "QLinearLeakyRelu", standard: "LeakyRelu", attributes: ["alpha": .float(0.125)]),
        Case(
            testDescription: "QLinearSoftmax", standard: "Softmax",
            attributes: ["axis": .int(1), "opset": .int(13)], floats: ["softmax"]),
        Case(
            testDescription: "QLinearAveragePool", standard: "AveragePool",
            attributes: ["kernel_shape": .ints([2, 3]), "pads": .ints([1, 0, 0, 1])]),
        Case(testDescription: "QLinearGlobalAveragePool", standard: "GlobalAveragePool"),
        Case(testDescription: "QLinearAdd", standard: "Add", operands: 2),
        Case(testDescription: "QLinearMul", standard: "Mul", operands: 2),
        Case(testDescription: "QLinearConcat", standard: "Concat", attributes: ["axis": .int(1)], operands: 3),
    ]

    /// Scales and zero points of up to three operands.
    private static let scales: [(scale: Float, zero: Int, type: ElementType)] = [
        (0x1p-2, 100, .uint8), (0x1p-1, 3, .int8), (0x1p-3, 128, .uint8),
    ]

    @Test("They are the standard operators of what the integers stand for, rounded", arguments: cases)
    func operators(_ own: Case) throws {
        var models: [ONNXModel] = []
        for isOfIntegers in [true, false] {
            var m = QuantizedModels()
            let x = m.rounded("x", 0x1p-4, 120)
            var (integers, numbers): ([String], [String]) = ([], [])
            for (scale, zero, type) in Self.scales.prefix(own.operands) {
                let pair = m.scale(scale, zero, type)
                let bytes = m.add("QuantizeLinear", [m.convolution(x, scale: 0x1p-4)] + pair)
                integers += [bytes] + pair
                numbers.append(m.add("DequantizeLinear", [bytes] + pair))
            }
            let result = m.scale(0x1p-5, 90)
            let bytes =
                isOfIntegers
                ? m.add(
                    own.testDescription, own.standard == "Concat" ? result + integers : integers + result,
                    own.attributes, domain: "com.microsoft")
                : m.add("QuantizeLinear", [m.add(own.standard, numbers, own.attributes)] + result)
            let output = m.add("DequantizeLinear", [bytes] + result)
            models.append(try m.model(output))
        }
        let inputs = ["x": ONNXTensor(IntegerTests.images)]
        let expected = try #require(try models[1].run(inputs)[models[1].outputs[0].name]).tensor
        #expect(Set(expected.scalars).count > 3)
        #expect(try models[0].run(inputs)[models[0].outputs[0].name]?.tensor == expected)
        let rounded = try models[0].roundedGraph()
        let images = IntegerTests.images.transposed([0, 2, 3, 1])
        #expect(try InferencePlan(rounded.graph())(images) == expected)
        let int8 = try QuantizedModel(rounded)
        #expect(int8.predict(images) == expected)
        #expect(int8.nodes.filter(\.isFloat).map(\.operation) == own.floats)
    }

    @Test("A softmax of an older operator set is one over all axes behind its own")
    func oldSoftmax() throws {
        var m = QuantizedModels()
        let pair = m.scale(0x1p-4, 120)
        let bytes = m.add("QuantizeLinear", ["x"] + pair)
        let share = m.scale(0x1p-8, 0)
        let result = m.add(
            "QLinearSoftmax", [bytes] + pair + share, ["axis": .int(1), "opset": .int(12)], domain: "com.microsoft")
        let numbers = m.add("DequantizeLinear", [result] + share)
        let model = try m.model(numbers)
        let shares = try #require(
            try model.run(["x": ONNXTensor(Tensor.zeros([1, 3, 4, 4]))])[model.outputs[0].name])
        // 48 equal ones: 1/48 is 5 of 256.
        #expect(shares.tensor.scalars == [Float](repeating: 5 / 256, count: 48))
    }

    @Test("What is not read is refused by name, and channels that lie last by their attribute")
    func refusals() throws {
        func complaint(_ name: String, _ attributes: [String: NodeCall.Attribute] = [:]) throws -> String {
            var m = QuantizedModels()
            let pair = m.scale(0x1p-4, 120)
            let bytes = m.add("QuantizeLinear", ["x"] + pair)
            let result = m.add(name, [bytes] + pair + pair, attributes, domain: "com.microsoft")
            let numbers = m.add("DequantizeLinear", [result] + pair)
            let model = try m.model(numbers)
            let error = #expect(throws: FormatError.self) { try model.graph() }
            return error?.description ?? ""
        }
        #expect(try complaint("QLinearReduceMean").contains("operator com.microsoft.QLinearReduceMean found"))
        // A standard name that means something else there.
        #expect(try complaint("Pad").contains("operator com.microsoft.Pad found"))
        #expect(try complaint("QLinearGlobalAveragePool", ["channels_last": .int(1)]).contains("channels_last 1"))
        #expect(try complaint("QLinearAveragePool", ["channels_last": .int(1)]).contains("channels_last 1"))
        #expect(try complaint("QLinearConv", ["channels_last": .int(1)]).contains("channels_last 1"))
        #expect(try complaint("QLinearSoftmax").contains("no attribute opset"))
    }
}
