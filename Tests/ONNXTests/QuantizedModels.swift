import Graph
import TensorCore

@testable import ONNX

/// Writes small quantised models. With scales that are powers of two all of their arithmetic is exact in float32, so
/// that what ``ONNXModel/run(_:)`` computes node by node is the truth to the last bit.
struct QuantizedModels {
    private var nodes: [Onnx_NodeProto] = []
    private var stored: [Onnx_TensorProto] = []

    /// Adds an operator.
    mutating func add(
        _ name: String, _ inputs: [String], _ attributes: [String: NodeCall.Attribute] = [:], domain: String = ""
    ) -> String {
        var node = Models.node(name, inputs, ["v\(nodes.count)"], attributes)
        node.domain = domain
        nodes.append(node)
        return node.output[0]
    }

    private mutating func store(_ message: Onnx_TensorProto) -> String {
        var message = message
        message.name = "s\(stored.count)"
        stored.append(message)
        return message.name
    }

    mutating func numbers(_ values: [Float], _ shape: Shape? = nil) -> String {
        store(Onnx_TensorProto(Tensor(values, shape: shape ?? (values.count == 1 ? [] : [values.count]))))
    }

    mutating func integers(_ values: [Int], _ shape: Shape? = nil, _ type: ElementType = .int64) -> String {
        store(Onnx_TensorProto(values, shape ?? (values.count == 1 && type != .int64 ? [] : [values.count]), type))
    }

    /// Scale and zero point of activations.
    mutating func scale(_ scale: Float, _ zero: Int, _ type: ElementType = .uint8) -> [String] {
        [numbers([scale]), integers([zero], nil, type)]
    }

    /// QuantizeLinear and DequantizeLinear.
    mutating func rounded(_ x: String, _ scale: Float, _ zero: Int, _ type: ElementType = .uint8) -> String {
        let own = self.scale(scale, zero, type)
        return add("DequantizeLinear", [add("QuantizeLinear", [x] + own)] + own)
    }

    /// Stored integers that follow a formula: weights of a layer, −127 ... 127 beside their zero point.
    mutating func weights(_ shape: Shape, zero: Int = 0, _ type: ElementType = .int8, reach: Int = 127) -> String {
        integers((0..<shape.elementCount).map { ($0 * 89 + 31) % (2 * reach + 1) - reach + zero }, shape, type)
    }

    /// A layer of rounded weights with scales 2⁻⁷ and 2⁻⁶ by turns, and a bias.
    mutating func layer(
        _ name: String, _ x: String, _ shape: Shape, scale: Float, _ attributes: [String: NodeCall.Attribute] = [:]
    ) -> String {
        let channels = shape[0]
        let scales = (0..<channels).map { $0 % 2 == 0 ? Float(0x1p-7) : 0x1p-6 }
        let w = add(
            "DequantizeLinear",
            [
                weights(shape), numbers(scales, [channels]),
                integers([Int](repeating: 0, count: channels), [channels], .int8),
            ],
            ["axis": .int(0)])
        let b = add(
            "DequantizeLinear",
            [
                integers((0..<channels).map { $0 * 700 - 900 }, [channels], .int32),
                numbers(scales.map { $0 * scale }, [channels]),
            ], ["axis": .int(0)])
        return add(name, [x, w, b], attributes)
    }

    /// A convolution, 3×3 unless said otherwise, of rounded weights.
    mutating func convolution(
        _ x: String, from inputs: Int = 3, to outputs: Int = 4, scale: Float, kernel: Int = 3, group: Int = 1
    ) -> String {
        let side = kernel / 2
        return layer(
            "Conv", x, [outputs, inputs / group, kernel, kernel], scale: scale,
            ["pads": .ints([side, side, side, side]), "group": .int(group)])
    }

    /// The model of images [N, 3, 4, 4], or of another shape.
    func model(_ result: String, input: [Int?] = [nil, 3, 4, 4]) throws -> ONNXModel {
        var model = Models.model(nodes, inputs: [("x", input)], outputs: [result])
        model.graph.initializer = stored
        var runtime = Onnx_OperatorSetIdProto()
        (runtime.domain, runtime.version) = ("com.microsoft", 1)
        model.opsetImport.append(runtime)
        return try Models.read(model)
    }
}
