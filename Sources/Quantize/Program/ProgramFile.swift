import Autograd
import Foundation
import Graph
import TensorCore

extension QuantizedModel {
    /// The file's content: per layer `N.weight` (I8), and for all layers one after another `bias` (I32) and `scale`
    /// (F32, the weights' scales); `activation.scale` (F32) and `activation.zero` (U8) of each step with bytes; the
    /// steps in the metadata. A layer in single precision has `N.weight` (F32) and `N.bias` (F32) instead; what another
    /// operation in float32 reads is `constant.N.PLACE` (F32).
    func file(metadata: [String: String]) -> SafetensorsFile {
        let steps = network.program.steps
        var file = SafetensorsFile()
        let nodes = steps.enumerated().dropFirst().map { GraphRecord.Node($1, at: $0, in: &file) }
        let record = GraphRecord(input: inputShape.extents, nodes: nodes, isInt8: true)
        require(metadata[GraphRecord.key] == nil, "QuantizedModel: the metadata key \(GraphRecord.key) is its own")
        file.metadata = metadata.merging([GraphRecord.key: record.text]) { $1 }
        for (index, step) in steps.enumerated() {
            if let layer = step.layer {
                file.entries["\(index).weight"] = .init(layer.weights, shape: step.weightShape(layer.geometry))
            } else if let layer = step.floatLayer {
                file.entries["\(index).weight"] = .init(
                    layer.weights.scalars, shape: step.weightShape(layer.geometry))
                file.entries["\(index).bias"] = .init(layer.bias.scalars)
            }
        }
        let layers = steps.compactMap(\.layer)
        let quantizations = steps.compactMap(\.quantization)
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

extension IntegerProgram.Step {
    fileprivate func weightShape(_ geometry: Conv2DGeometry) -> Shape {
        guard operation?.is(DenseOperation.self) == true else { return geometry.weightShape }
        return [geometry.inputChannels, geometry.outputChannels]
    }
}

extension GraphRecord.Node {
    /// Describes a step; what has its usual value is left out. Stored tensors of float32 operations are added to the
    /// file.
    fileprivate init(_ step: IntegerProgram.Step, at index: Int, in file: inout SafetensorsFile) {
        guard let operation = step.operation else { fatalError("QuantizedModel: step \(index) has no operation") }
        var references = step.inputs.map { GraphRecord.Reference.node($0) }
        if let operands = step.floatOperands {
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
            operation: operation, in: references == [.node(index - 1)] ? nil : references, add: step.residual,
            relu: step.relu ? true : nil, float: step.quantization == nil ? true : nil, from: step.path,
            isFloatOperation: step.floatOperands != nil && !operation.isFloatOnly ? true : nil)
    }
}
