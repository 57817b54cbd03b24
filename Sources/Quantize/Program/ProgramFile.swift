import Autograd
import Foundation
import Graph
import TensorCore

extension QuantizedModel {
    /// The file's content: per layer `N.weight` (I8), and for all layers one after another `bias` (I32) and `scale`
    /// (F32, the weights' scales); `activation.scale` (F32) and `activation.zero` (U8) of each node with a uint8
    /// result; the nodes in the metadata. A layer in float32 has `N.weight` (F32) and `N.bias` (F32) instead; what
    /// another operation in float32 reads is `constant.N.PLACE` (F32).
    func file(metadata: [String: String]) -> SafetensorsFile {
        let nodes = network.program.nodes
        var file = SafetensorsFile()
        let records = nodes.enumerated().dropFirst().map { GraphRecord.Node($1, at: $0, in: &file) }
        let record = GraphRecord(input: inputShape.extents, nodes: records, isInt8: true)
        require(metadata[GraphRecord.key] == nil, "QuantizedModel: the metadata key \(GraphRecord.key) is its own")
        file.metadata = metadata.merging([GraphRecord.key: record.text]) { $1 }
        for (index, node) in nodes.enumerated() {
            if let layer = node.layer {
                file.entries["\(index).weight"] = .init(layer.weights, shape: node.weightShape(layer.geometry))
            } else if let layer = node.floatLayer {
                file.entries["\(index).weight"] = .init(
                    layer.weights.scalars, shape: node.weightShape(layer.geometry))
                file.entries["\(index).bias"] = .init(layer.bias.scalars)
            }
        }
        let layers = nodes.compactMap(\.layer)
        let quantizations = nodes.compactMap(\.quantization)
        file.entries["bias"] = .init(layers.flatMap(\.bias))
        file.entries["scale"] = .init(layers.flatMap(\.scales))
        file.entries["activation.scale"] = .init(quantizations.map(\.scale))
        file.entries["activation.zero"] = .init(quantizations.map(\.zeroPoint))
        return file
    }

    /// Writes the model as one safetensors file, whole or not at all.
    ///
    /// - Parameter metadata: strings to keep with it, such as the names of classes and the inputs' normalisation.
    /// - Throws: `FileWriteError`.
    public func write(to url: URL, metadata: [String: String] = [:]) throws {
        try file(metadata: metadata).write(to: url)
    }

    /// Bytes of the model's file, without metadata.
    public var byteCount: Int { file(metadata: [:]).encoded().count }
}

extension IntegerProgram.Node {
    fileprivate func weightShape(_ geometry: Conv2DGeometry) -> Shape {
        guard operation?.is(DenseOperation.self) == true else { return geometry.weightShape }
        return [geometry.inputChannels, geometry.outputChannels]
    }
}

extension GraphRecord.Node {
    /// Describes a node; what has its usual value is left out. Stored tensors of float32 operations are added to the
    /// file.
    fileprivate init(_ node: IntegerProgram.Node, at index: Int, in file: inout SafetensorsFile) {
        guard let operation = node.operation else { fatalError("QuantizedModel: node \(index) has no operation") }
        var references = node.inputs.map { GraphRecord.Reference.node($0) }
        if let operands = node.floatOperands {
            references = operands.enumerated().map { place, operand in
                switch operand {
                case .node(let source): return .node(source)
                case .tensor(let tensor, _):
                    let name = "constant.\(index).\(place)"
                    file.entries[name] = .init(tensor)
                    return .constant(name)
                }
            }
        }
        self.init(
            operation: operation, in: references == [.node(index - 1)] ? nil : references, add: node.residual,
            relu: node.relu ? true : nil, float: node.quantization == nil ? true : nil, from: node.path,
            isFloatOperation: node.floatOperands != nil && !operation.isFloatOnly ? true : nil)
    }
}
