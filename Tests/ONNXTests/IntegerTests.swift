import Graph
import Quantize
import TensorCore
import Testing

@testable import ONNX

@Suite("Quantised files on the integer engine")
struct IntegerTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Operations in float32.
        var floats: [String] = []
        let write: @Sendable (inout QuantizedModels, String) -> String
    }

    /// Each writes what comes after the input, which is rounded with scale 1/16 and zero point 120.
    static let cases: [Case] = [
        Case(testDescription: "A relu is part of its convolution") { m, x in
            m.rounded(m.add("Relu", [m.convolution(x, scale: 0x1p-4)]), 0x1p-2, 30)
        },
        Case(testDescription: "A clip at what the bytes hold is nothing") { m, x in
            let cut = m.add("Clip", [m.convolution(x, scale: 0x1p-4), m.numbers([0]), m.numbers([6])])
            return m.rounded(cut, 0x1p-6, 0)
        },
        Case(testDescription: "A clip within what the bytes hold") { m, x in
            let cut = m.add("Clip", [m.convolution(x, scale: 0x1p-4), m.numbers([-1.3]), m.numbers([6])])
            return m.rounded(cut, 0x1p-3, 100)
        },
        Case(testDescription: "What is rounded before a relu stays rounded") { m, x in
            let y = m.rounded(m.convolution(x, scale: 0x1p-4), 0x1p-1, 128)
            return m.rounded(m.add("Relu", [y]), 0x1p-3, 0)
        },
        Case(testDescription: "A sum that is not rounded before is part of the layer") { m, x in
            let y = m.rounded(m.convolution(x, scale: 0x1p-4), 0x1p-2, 90)
            let sum = m.add("Add", [m.convolution(y, from: 4, scale: 0x1p-2), y])
            return m.rounded(m.add("Relu", [sum]), 0x1p-1, 3)
        },
        Case(testDescription: "A sum of two rounded results is a sum of bytes") { m, x in
            let y = m.rounded(m.convolution(x, scale: 0x1p-4), 0x1p-2, 90)
            let z = m.rounded(m.convolution(x, scale: 0x1p-4, kernel: 1), 0x1p-4, 120)
            return m.rounded(m.add("Add", [y, z]), 0x1p-2, 77)
        },
        Case(testDescription: "Bytes of one scale as bytes of another, moved on the way") { m, x in
            let y = m.rounded(
                m.add("Transpose", [m.convolution(x, scale: 0x1p-4)], ["perm": .ints([0, 1, 3, 2])]), 0x1p-3, 99)
            return m.rounded(m.add("Pad", [y, m.integers([0, 1, 0, 0, 0, 0, 0, 2])]), 0x1p-2, 100)
        },
        Case(testDescription: "Poolings, a flattening and a dense layer whose logits are float32") { m, x in
            let y = m.rounded(m.convolution(x, scale: 0x1p-4, group: 1), 0x1p-2, 128)
            let window: [String: NodeCall.Attribute] = ["kernel_shape": .ints([2, 2])]
            let z = m.rounded(m.add("MaxPool", [y], window), 0x1p-2, 128)
            let means = m.rounded(m.add("AveragePool", [z], window), 0x1p-2, 128)
            return m.layer("Gemm", m.add("Flatten", [means]), [5, 16], scale: 0x1p-2, ["transB": .int(1)])
        },
        Case(testDescription: "A global average, rounded before and after it is flattened") { m, x in
            let y = m.rounded(m.convolution(x, to: 6, scale: 0x1p-4), 0x1p-2, 128)
            let means = m.rounded(m.add("GlobalAveragePool", [y]), 0x1p-4, 128)
            let flat = m.rounded(m.add("Flatten", [means]), 0x1p-4, 128)
            return m.rounded(m.layer("Gemm", flat, [5, 6], scale: 0x1p-4, ["transB": .int(1)]), 0x1p-4, 100)
        },
        Case(testDescription: "Joined parts, a function as a table, a gate") { m, x in
            let y = m.rounded(m.convolution(x, to: 3, scale: 0x1p-4, group: 3), 0x1p-3, 128)
            let joined = m.rounded(m.add("Concat", [x, y], ["axis": .int(1)]), 0x1p-3, 128)
            let sigmoid = m.rounded(m.add("Sigmoid", [joined]), 0x1p-8, 0)
            return m.rounded(m.add("Mul", [sigmoid, m.add("Sigmoid", [sigmoid])]), 0x1p-8, 0)
        },
        Case(testDescription: "A softmax at the end", floats: ["softmax"]) { m, x in
            let y = m.rounded(m.convolution(x, scale: 0x1p-4), 0x1p-2, 128)
            let logits = m.layer("Gemm", m.add("Flatten", [y]), [5, 64], scale: 0x1p-2, ["transB": .int(1)])
            return m.add("Softmax", [logits])
        },
        Case(testDescription: "What has no kernel for integers, between roundings", floats: ["exp", "resize"]) { m, x in
            let y = m.rounded(m.convolution(x, scale: 0x1p-4), 0x1p-2, 255)
            let wide = m.add(
                "Resize", [m.add("Exp", [y]), "", m.numbers([1, 1, 2, 2])],
                [
                    "mode": .string("nearest"), "coordinate_transformation_mode": .string("asymmetric"),
                    "nearest_mode": .string("floor"),
                ])
            return m.rounded(wide, 0x1p-8, 0)
        },
        Case(
            testDescription: "A layer whose weights are no int8, and one that is not rounded", floats: ["convolution2D"]
        ) {
            m, x in
            let w = m.add(
                "DequantizeLinear", [m.weights([4, 3, 1, 1], zero: 120, .uint8, reach: 120)] + m.scale(0x1p-7, 3))
            let y = m.rounded(m.add("Conv", [x, w]), 0x1p-3, 20)
            return m.rounded(m.convolution(y, from: 4, scale: 0x1p-3), 0x1p-1, 100)
        },
    ]

    /// Images [2, 3, 4, 4] that do not lie on any grid.
    static let images: Tensor = {
        var random = Philox(seed: 11)
        return Tensor(normal: [2, 3, 4, 4], using: &random) * 3
    }()

    private static func check(_ model: ONNXModel, floats: [String]) throws {
        let expected = try #require(try model.run(["x": ONNXTensor(images)])[model.outputs[0].name]).tensor
        let int8 = try QuantizedModel(model.roundedGraph())
        #expect(int8.nodes.filter(\.isFloat).map(\.operation) == floats)
        let result = int8.predict(images.transposed([0, 2, 3, 1]))
        #expect(result.shape == expected.shape)
        #expect(result.scalars == expected.scalars)
        #expect(Set(expected.scalars).count > 3)
    }

    @Test("QuantizeLinear and DequantizeLinear around operators", arguments: cases)
    func pairs(_ own: Case) throws {
        var writer = QuantizedModels()
        let x = writer.rounded("x", 0x1p-4, 120)
        let result = own.write(&writer, x)
        try Self.check(writer.model(result), floats: own.floats)
    }

    @Test("Integer operators: int8 activations, uint8 weights, bytes that are padded, joined and moved")
    func operators() throws {
        var m = QuantizedModels()
        let (a, b, c) = (m.scale(0x1p-4, -5, .int8), m.scale(0x1p-1, -128, .int8), m.scale(0x1p-3, 9, .int8))
        let x = m.add("QuantizeLinear", ["x"] + a)
        let bias = m.integers([100, -2000, 0, 7], [4], .int32)
        let w = [m.weights([4, 3, 3, 3], zero: 128, .uint8)] + m.scale(0x1p-7, 128)
        let y = m.add(
            "QLinearConv", [x] + a + w + b + [bias], ["pads": .ints([1, 1, 1, 1]), "strides": .ints([1, 2])])
        let padded = m.add("Pad", [y, m.integers([0, 0, 1, 0, 0, 0, 0, 1]), m.integers([-128], nil, .int8)])
        let largest = m.add("MaxPool", [padded], ["kernel_shape": .ints([2, 2])])
        let joined = m.add("Concat", [largest, largest], ["axis": .int(1)])
        let rows = m.add("Reshape", [joined, m.integers([-1, 64])])
        let product = m.add("QLinearMatMul", [rows] + b + [m.weights([64, 3])] + m.scale(0x1p-7, 0, .int8) + c)
        let result = m.add("DequantizeLinear", [product] + c)
        try Self.check(m.model(result), floats: [])
    }

    @Test("What integers cannot be, with the node and the reason")
    func refusals() throws {
        func complaint(_ write: (inout QuantizedModels) -> String) throws -> String {
            var writer = QuantizedModels()
            let result = write(&writer)
            let rounded = try writer.model(result).roundedGraph()
            #expect(rounded.isRounded)
            // In float32 it is a graph all the same.
            _ = try rounded.graph()
            let error = #expect(throws: GraphError.self) { try QuantizedModel(rounded) }
            return error?.description ?? ""
        }
        #expect(
            try complaint { m in m.convolution("x", scale: 1) } == "input: is not rounded to 8 bits before it is used")
        #expect(
            try complaint { m in m.rounded(m.add("Relu", [m.rounded("x", 0.1, 3)]), 0.1, 3) }
                == "network: has no layer that the file computes in 8 bits")
        #expect(
            try complaint { m in
                let y = m.convolution(m.rounded("x", 0.5, 3), scale: 0.5)
                return m.add("Add", [m.rounded(y, 0.5, 1), m.rounded(y, 0.25, 1)])
            }.contains("is rounded in two ways"))
        #expect(
            try complaint { m in
                let y = m.convolution(m.rounded("x", 0.5, 3), scale: 0.5)
                return m.add("Add", [m.rounded(y, 0.5, 1), m.add("Sigmoid", [y])])
            }.contains("is rounded for one reader and not for another"))
        #expect(
            try complaint { m in
                let y = m.convolution(m.rounded("x", 0.5, 3), scale: 0.5)
                let bytes = m.add("QuantizeLinear", [y] + m.scale(0.5, 3))
                return m.add("DequantizeLinear", [bytes] + m.scale(0.5, 4))
            }.contains("another zero point"))
        #expect(
            try complaint { m in
                let y = m.convolution(m.rounded("x", 0.5, 3), scale: 0.5)
                let bytes = m.add("QuantizeLinear", [y] + m.scale(0.5, 3))
                return m.add("Sigmoid", [m.add("DequantizeLinear", [bytes] + m.scale(0.25, 3))])
            }.contains("its input is dequantised with another scale than it was quantised with"))
        #expect(
            try complaint { m in
                m.add("QuantizeLinear", [m.convolution(m.rounded("x", 0.5, 3), scale: 0.5)] + m.scale(0.5, 3))
            }.contains("as bytes"))
        #expect(
            try complaint { m in
                let y = m.convolution(m.rounded("x", 0.5, 3), scale: 0.5)
                let bytes = m.add("QuantizeLinear", [y] + m.scale(0.5, 3))
                return m.add("Sqrt", [m.add("Cast", [bytes], ["to": .int(1)])])
            }.contains("computes with bytes as if they were numbers"))
    }
}
