import Foundation
import Graph
import TensorCore

@testable import ONNX

/// Small models, written field by field.
enum Models {
    /// A model of nodes.
    ///
    /// - Parameters:
    ///   - inputs: names and extents; nil for an open one.
    ///   - stored: initializers by name.
    static func model(
        _ nodes: [Onnx_NodeProto], inputs: [(String, [Int?])] = [("x", [nil, 3, 4, 4])], outputs: [String] = ["y"],
        stored: [String: Tensor] = [:], version: Int64 = 13
    ) -> Onnx_ModelProto {
        var model = Onnx_ModelProto()
        model.irVersion = 8
        var operators = Onnx_OperatorSetIdProto()
        operators.version = version
        model.opsetImport = [operators]
        model.graph.node = nodes
        model.graph.input = inputs.map { argument($0.0, $0.1) }
        model.graph.output = outputs.map { argument($0, nil) }
        model.graph.initializer = stored.sorted { $0.key < $1.key }.map { name, tensor in
            var message = Onnx_TensorProto(tensor)
            message.name = name
            return message
        }
        return model
    }

    static func argument(_ name: String, _ extents: [Int?]?) -> Onnx_ValueInfoProto {
        var info = Onnx_ValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = 1
        guard let extents else { return info }
        info.type.tensorType.shape.dim = extents.map { extent in
            var dimension = Onnx_TensorShapeProto.Dimension()
            dimension.value = extent.map { .dimValue(Int64($0)) } ?? .dimParam("batch")
            return dimension
        }
        return info
    }

    static func node(
        _ operatorName: String, _ inputs: [String], _ outputs: [String] = ["y"],
        _ attributes: [String: NodeCall.Attribute] = [:]
    ) -> Onnx_NodeProto {
        var node = Onnx_NodeProto()
        (node.opType, node.input, node.output) = (operatorName, inputs, outputs)
        node.attribute = attributes.map { Onnx_AttributeProto($0, $1) }
        return node
    }

    static func read(_ model: Onnx_ModelProto) throws -> ONNXModel {
        try ONNXModel(model.serializedBytes(), name: "model.onnx")
    }

    /// What reading and running a model throws, as text.
    static func complaint(_ model: Onnx_ModelProto) -> String {
        do {
            let read = try Self.read(model)
            _ = try read.graph()
            return "none"
        } catch { return "\(error)" }
    }
}
