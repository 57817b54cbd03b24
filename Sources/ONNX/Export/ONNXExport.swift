import Autograd
import Foundation
import Graph
import SwiftProtobuf
import TensorCore

/// A network as an ONNX file, for other runtimes.
///
///     try ONNXExport(graph).write(to: URL(filePath: "student.onnx"))
///
/// The input is `image` [N, C, H, W], normalised as the network's inputs are, or rows [N, C]; the output is `logits`.
/// Weights keep their paths as names.
public struct ONNXExport: Sendable {
    /// One step: relu(operation(operands) + residual), without what is not set.
    package struct Node {
        package var operation: AnyOperation?
        package var operands: [Operand]
        package var residual: Int?
        package var relu: Bool
        package var extents: BatchShape
        /// What messages and names call it.
        package var description: String
        package var layerPath: String?
        /// The scale and zero point that its result is rounded to, in an int8 network.
        package var quantization: (scale: Float, zeroPoint: UInt8)?

        package init(
            operation: AnyOperation?, operands: [Operand], residual: Int?, relu: Bool, extents: BatchShape,
            description: String, layerPath: String?, quantization: (scale: Float, zeroPoint: UInt8)? = nil
        ) {
            (self.operation, self.operands, self.residual, self.relu) = (operation, operands, residual, relu)
            (self.extents, self.description, self.layerPath) = (extents, description, layerPath)
            self.quantization = quantization
        }
    }

    /// What a step reads.
    package enum Operand {
        case node(Int)
        case tensor(Tensor, path: String?)
        /// Weights of a layer as integers of −128 ... 127, and a scale for each output channel.
        case int8(Tensor, path: String?, scales: [Float])
        /// Its bias as integers, and a scale for each output channel.
        case int32([Int32], path: String?, scales: [Float])
    }

    /// Versions of the operator set that can be written.
    public static let operatorSets = 13...17

    private let model: Onnx_ModelProto

    /// Describes a network in float32.
    ///
    /// - Parameters:
    ///   - graph: the network, with normalisations folded or not.
    ///   - name: of the graph.
    ///   - metadata: strings to keep with it, such as names of classes.
    ///   - operatorSet: the version that is written, one of ``operatorSets``.
    /// - Throws: `GraphError` for an operation that has no form in ONNX.
    public init(
        _ graph: NetworkGraph, name: String = "network", metadata: [String: String] = [:], operatorSet: Int = 13
    ) throws {
        let graph = graph.droppingUnused()
        let nodes = graph.nodes.map { node in
            Node(
                operation: node.operation,
                operands: node.operands.map { operand in
                    switch operand {
                    case .node(let source): .node(source)
                    case .tensor(let tensor, let path): .tensor(tensor, path: path)
                    }
                }, residual: node.residual, relu: node.relu, extents: node.extents, description: node.description,
                layerPath: node.layerPath)
        }
        try self.init(nodes: nodes, output: graph.output, name: name, metadata: metadata, operatorSet: operatorSet)
    }

    /// Describes the steps of a network, the input first.
    package init(
        nodes: [Node], output: Int, name: String, metadata: [String: String], operatorSet: Int
    ) throws {
        require(
            Self.operatorSets.contains(operatorSet),
            "ONNXExport: operator set \(operatorSet), one of \(Self.operatorSets) expected")
        var writer = ExportWriter(name: name, version: operatorSet)
        var values: [ExportValue] = []
        for (index, node) in nodes.enumerated() {
            guard let shape = node.extents.shape(batch: 1) else {
                throw GraphError(operation: node.description, reason: "gives \(node.extents), which cannot be counted")
            }
            writer.layer = node.layerPath ?? ""
            writer.rounding = node.residual == nil && !node.relu ? node.quantization : nil
            let inUnits = try Self.writeInUnits(node, shape, values, &writer)
            var value =
                try inUnits
                ?? (node.operation.map { try Self.write($0, node, shape, values, &writer) }
                    ?? Self.input(shape, &writer))
            if inUnits == nil, let residual = node.residual {
                let (names, order) = writer.aligned([.value(value), .value(values[residual])], rank: shape.rank)
                value = ExportValue(name: writer.add("Add", names), shape: shape, order: order)
            }
            if node.relu { value = writer.map(.value(value), shape) { $1.add("Relu", [$0]) } }
            writer.rounding = node.quantization
            value = writer.rounded(value, isInUnits: inUnits != nil)
            values.append(value)
            if index == output {
                let result = writer.arranged(value, Array(shape.indices))
                _ = writer.add("Identity", [result.name], result: writer.freshName("logits"))
                writer.addOutput("logits", [nil] + shape.dropFirst().map { $0 })
            }
        }
        var model = Onnx_ModelProto()
        // The version of the format that came with operator set 13 and is read by all that read that.
        model.irVersion = 7
        model.producerName = "Retort"
        model.graph = writer.graph
        var operators = Onnx_OperatorSetIdProto()
        operators.version = Int64(operatorSet)
        model.opsetImport = [operators]
        model.metadataProps = metadata.sorted { $0.key < $1.key }.map { key, value in
            var entry = Onnx_StringStringEntryProto()
            (entry.key, entry.value) = (key, value)
            return entry
        }
        self.model = model
    }

    /// A layer of integers that adds integers before its result is rounded, in units of the result's scale.
    ///
    /// No runtime has an integer kernel for that, and in float32 sums of products of scales differ in their last bits.
    /// Sums of integers are exact in float32 below 2²⁴ and scaled once, as the engine does it.
    ///
    /// - Returns: nil for any other node.
    private static func writeInUnits(
        _ node: Node, _ shape: Shape, _ values: [ExportValue], _ writer: inout ExportWriter
    ) throws -> ExportValue? {
        guard let operation = node.operation, let result = node.quantization?.scale,
            let residual = node.residual.map({ values[$0] }), let other = residual.bytes,
            node.operands.count == 3, case .node(let source) = node.operands[0], let input = values[source].bytes,
            case .int8(let weights, let weightPath, let scales) = node.operands[1],
            case .int32(let bias, let biasPath, _) = node.operands[2]
        else { return nil }
        let ones = [Float](repeating: 1, count: scales.count)
        let sums = try form(of: operation, node).write(
            [
                .value(writer.scaled(values[source], input, by: 1)), .int8(weights, path: weightPath, scales: ones),
                .int32(bias, path: biasPath, scales: ones),
            ], shape: shape, to: &writer)
        let multipliers = ExportOperand.tensor(
            Tensor(scales.map { input.scale * $0 / result }), path: weightPath.map { "\($0).multiplier" })
        let (factors, order) = writer.aligned([.value(sums), multipliers], rank: shape.rank)
        let scaled = ExportValue(name: writer.add("Mul", factors), shape: shape, order: order)
        let addend = writer.scaled(residual, other, by: other.scale / result)
        let (names, _) = writer.aligned([.value(scaled), .value(addend)], rank: shape.rank)
        return ExportValue(name: writer.add("Add", names), shape: shape, order: order)
    }

    private static func form(of operation: AnyOperation, _ node: Node) throws -> any ONNXForm {
        guard let form = operation.base as? any ONNXForm else {
            throw GraphError(operation: node.description, reason: "has no form in ONNX")
        }
        return form
    }

    private static func input(_ shape: Shape, _ writer: inout ExportWriter) -> ExportValue {
        let name = writer.freshName(shape.rank == 4 ? "image" : "input")
        let order = shape.rank == 4 ? ExportWriter.imageOrder : Array(shape.indices)
        let value = ExportValue(name: name, shape: shape, order: order)
        writer.addInput(name, [nil] + value.lying.dropFirst().map { $0 })
        return value
    }

    private static func write(
        _ operation: AnyOperation, _ node: Node, _ shape: Shape, _ values: [ExportValue], _ writer: inout ExportWriter
    ) throws -> ExportValue {
        let form = try form(of: operation, node)
        let operands = node.operands.map { operand -> ExportOperand in
            switch operand {
            case .node(let source): .value(values[source])
            case .tensor(let tensor, let path): .tensor(tensor, path: path)
            case .int8(let tensor, let path, let scales): .int8(tensor, path: path, scales: scales)
            case .int32(let values, let path, let scales): .int32(values, path: path, scales: scales)
            }
        }
        return try form.write(operands, shape: shape, to: &writer)
    }

    /// The bytes of the file. The same network gives the same bytes.
    ///
    /// - Throws: ``GraphError`` for a model of 2 GiB or more, which no reader takes.
    public func data() throws -> Data {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        do { return try model.serializedBytes(options: options) } catch {
            throw GraphError(
                operation: "network", reason: "has 2 GiB of weights or more, which a single ONNX file cannot hold")
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// - Throws: `GraphError` as ``data()``, `FileWriteError` where the file cannot be written.
    public func write(to url: URL) throws { try AtomicFile.write(data(), to: url) }
}
