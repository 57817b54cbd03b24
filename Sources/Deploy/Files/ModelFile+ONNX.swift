import Autograd
import Foundation
import Graph
import ONNX
import Quantize
import TensorCore

extension ModelFile {
    /// The model as an ONNX file for other runtimes: float32 as it is, int8 with pairs of QuantizeLinear and
    /// DequantizeLinear and weights per channel, as integer engines recognise it.
    ///
    /// The file says how inputs are normalised and what classes mean (the metadata `description` and `classes`).
    ///
    /// - Parameter operatorSet: the version that is written, one of `ONNXExport.operatorSets`.
    /// - Throws: `GraphError` for an operation that has no form in ONNX.
    public func onnx(operatorSet: Int = 13) throws -> ONNXExport {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let metadata = [
            Self.key: String(decoding: try encoder.encode(description), as: UTF8.self),
            "classes": description.classNames.joined(separator: "\n"),
        ]
        switch network {
        case .float(let module):
            let graph = try NetworkGraph(tracing: module, inputShape: inputShape)
            return try ONNXExport(
                graph, name: description.architecture, metadata: metadata, operatorSet: operatorSet)
        case .int8(let model):
            let nodes = model.program.nodes
            return try ONNXExport(
                nodes: nodes.map { $0.exported(reading: nodes) }, output: nodes.count - 1,
                name: description.architecture, metadata: metadata, operatorSet: operatorSet)
        }
    }
}

extension IntegerProgram.Node {
    /// The step in terms of ONNX.
    fileprivate func exported(reading nodes: [IntegerProgram.Node]) -> ONNXExport.Node {
        ONNXExport.Node(
            operation: operation, operands: operands(reading: nodes), residual: residual, relu: relu,
            extents: BatchShape(image: shape), description: operation?.description ?? "input", layerPath: path,
            quantization: quantization.map { ($0.scale, $0.zeroPoint) })
    }

    private func operands(reading nodes: [IntegerProgram.Node]) -> [ONNXExport.Operand] {
        if let floatOperands {
            return floatOperands.map { operand in
                switch operand {
                case .node(let source): .node(source)
                case .tensor(let tensor, let path): .tensor(tensor, path: path)
                }
            }
        }
        let sources = inputs.map { ONNXExport.Operand.node($0) }
        let (weightPath, biasPath) = (path.map { "\($0).weight" }, path.map { "\($0).bias" })
        if let layer = floatLayer {
            return sources + [
                .tensor(layer.weights.reshaped(to: weightShape(layer.geometry)), path: weightPath),
                .tensor(layer.bias, path: biasPath),
            ]
        }
        guard let layer, let input = nodes[inputs[0]].quantization else { return sources }
        let weights = Tensor(layer.weights.map { Float($0) }, shape: weightShape(layer.geometry))
        return sources + [
            .int8(weights, path: weightPath, scales: layer.scales),
            .int32(layer.bias, path: biasPath, scales: layer.scales.map { input.scale * $0 }),
        ]
    }

    /// Extents of the weights as the operation has them: a dense layer is kept as a convolution of one pixel.
    private func weightShape(_ geometry: Conv2DGeometry) -> Shape {
        operation?.is(DenseOperation.self) == true
            ? [geometry.weightShape.dropLast().reduce(1, *), geometry.outputChannels] : geometry.weightShape
    }
}
