import Autograd
import Foundation
import Graph
import TensorCore

extension QuantizedModel {
    /// Reads what ``write(to:metadata:)`` wrote, and files of earlier versions.
    ///
    /// Every node is checked before anything runs: its inputs, its sizes, that no sum can overflow. A file can only
    /// give a model that works, or an error.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - operations: those that it may name.
    ///   - limits: what the network may cost.
    /// - Returns: the model, and the strings that were kept with it.
    /// - Throws: `FormatError` that names the file, the place in it, what was found and what was expected.
    public static func read(
        _ url: URL, operations: OperationRegistry = .standard, limits: GraphLimits = .init()
    ) throws -> (model: QuantizedModel, metadata: [String: String]) {
        try decode(SafetensorsFile.read(url), operations: operations, limits: limits)
    }

    /// Reads a file's content.
    ///
    /// - Throws: `FormatError`.
    public static func decode(
        _ file: SafetensorsFile, operations: OperationRegistry = .standard, limits: GraphLimits = .init()
    ) throws -> (model: QuantizedModel, metadata: [String: String]) {
        let stored = try StoredGraph(file, operations: operations, limits: limits)
        return (try QuantizedModel(stored), stored.metadata)
    }

    /// The model of an int8 file's nodes, with their arrays.
    ///
    /// - Throws: `FormatError`.
    package init(_ stored: StoredGraph) throws {
        let file = stored.file
        guard stored.isInt8 else {
            throw FormatError(file: file.source, found: "a model in float32", expected: "a quantised model")
        }
        var reader = try ProgramReader(stored)
        let program = try reader.program()
        do { self.init(network: try IntegerNetwork(program)) } catch let error as GraphError {
            throw FormatError(
                file: file.source, place: error.operation, found: error.reason, expected: "nodes that can run")
        }
    }
}

/// Makes a program of a file's nodes and arrays: what arrays contain is checked here.
struct ProgramReader {
    private let stored: StoredGraph
    private var nodes: [IntegerProgram.Node] = []
    private var bias: ArraySlice<Int32>
    private var scales: ArraySlice<Float>
    private var quantizations: ArraySlice<AffineQuantization>
    private var unread: Set<String>

    private var file: SafetensorsFile { stored.file }

    init(_ stored: StoredGraph) throws {
        self.stored = stored
        let file = stored.file
        bias = try file.elements("bias", as: Int32.self)[...]
        scales = try file.elements("scale", as: Float.self)[...]
        let activationScales = try file.elements("activation.scale", as: Float.self)
        let zeros = try file.elements("activation.zero", as: UInt8.self, shape: [activationScales.count])
        for array in [("scale", Array(scales)), ("activation.scale", activationScales)] {
            guard array.1.allSatisfy({ $0.isNormal && $0 > 0 }) else {
                throw FormatError(
                    file: file.source, place: "array \(array.0)", found: "a number that is not positive",
                    expected: "scales")
            }
        }
        quantizations = zip(activationScales, zeros).map { AffineQuantization(scale: $0, zeroPoint: $1) }[...]
        unread = Set(file.entries.keys).subtracting(["bias", "scale", "activation.scale", "activation.zero"])
    }

    mutating func program() throws -> IntegerProgram {
        for (index, node) in stored.nodes.enumerated() { nodes.append(try lowered(node, at: index)) }
        guard bias.isEmpty, scales.isEmpty, quantizations.isEmpty, unread.isEmpty else {
            throw FormatError(
                file: file.source, place: "end",
                found: unread.min().map { "array \($0)" } ?? "biases or scales that belong to no node",
                expected: "what the nodes need and nothing else")
        }
        return IntegerProgram(nodes: nodes)
    }

    private mutating func lowered(_ node: StoredGraph.Node, at index: Int) throws -> IntegerProgram.Node {
        let sources = node.operands.compactMap { if case .node(let source) = $0 { source } else { nil } }
        var result = IntegerProgram.Node(
            operation: node.operation, inputs: sources, residual: node.residual, relu: node.relu, path: node.path,
            shape: node.extents.image)
        if index == 0 || !node.isFloat { result.quantization = try nextQuantization(index) }
        guard let operation = node.operation else { return result }
        if operation.isLinearLayer {
            guard let first = sources.first, case .node? = node.operands.first,
                let weights = file.entries["\(index).weight"],
                let geometry = try geometry(operation, weights.shape, reading: nodes[first].shape, at: index)
            else { throw stored.fault(index, "no array \(index).weight", "the weights") }
            if weights.dataType == .float32 {
                result.floatLayer = try floatLayer(geometry, at: index)
            } else {
                result.layer = try layer(geometry, at: index)
            }
        } else if operation.isFloatOnly || node.isFloatOperation {
            result.floatOperands = try node.operands.map { operand in
                switch operand {
                case .node(let source): return .node(source)
                case .array(let name, _): return .tensor(try finite(name, at: index), path: nil)
                }
            }
        } else if operation.isFloatOnly(reading: sources.map { stored.nodes[$0].extents }) {
            throw stored.fault(
                index, "\(operation) of \(sources.map { stored.nodes[$0].extents })",
                "inputs of which one is repeated along neighbouring axes, or float32")
        } else if node.operands.count > sources.count {
            throw stored.fault(index, "an array that \(operation) reads", "nodes alone, or an operation in float32")
        }
        if operation.keepsQuantization, !result.isFloat, result.quantization != nodes[sources[0]].quantization {
            throw stored.fault(index, "another scale or zero point than the input's", "the same")
        }
        return result
    }

    private func geometry(
        _ operation: AnyOperation, _ weights: Shape, reading input: Shape, at index: Int
    ) throws -> Conv2DGeometry? {
        guard let convolution = operation.as(Convolution2DOperation.self) else {
            return .dense(rows: input.dropLast().reduce(1, *), inputs: weights[0], outputs: weights[1])
        }
        do { return try convolution.geometry(input: Shape([1] + input.extents), weights: weights) } catch {
            throw stored.fault(index, error.found, error.expected)
        }
    }

    private mutating func layer(_ geometry: Conv2DGeometry, at index: Int) throws -> IntegerProgram.Layer {
        let weights = try file.elements("\(index).weight", as: Int8.self)
        unread.remove("\(index).weight")
        guard !weights.contains(-128) else { throw stored.fault(index, "a weight of -128", "-127 ... 127") }
        let channels = geometry.outputChannels
        guard bias.count >= channels, scales.count >= channels else {
            throw stored.fault(
                index, "\(bias.count.counted("bias", "biases")) and \(scales.count.counted("scale")) left",
                "\(channels)")
        }
        defer {
            bias = bias.dropFirst(channels)
            scales = scales.dropFirst(channels)
        }
        return IntegerProgram.Layer(
            geometry: geometry, weights: weights, bias: Array(bias.prefix(channels)),
            scales: Array(scales.prefix(channels)))
    }

    private mutating func floatLayer(
        _ geometry: Conv2DGeometry, at index: Int
    ) throws -> IntegerProgram.FloatLayer {
        // Patches may become rows of a matrix, and padding makes more of them without a byte in the file.
        guard geometry.outputPixels * geometry.patchLength <= StoredGraph.elementLimit else {
            throw stored.fault(
                index, "\(geometry.outputPixels) patches of \(geometry.patchLength) numbers",
                "at most \(StoredGraph.elementLimit) together")
        }
        return IntegerProgram.FloatLayer(
            geometry: geometry,
            weights: try finite("\(index).weight", at: index).reshaped(to: geometry.weightShape),
            bias: try finite("\(index).bias", at: index))
    }

    private mutating func finite(_ name: String, at index: Int) throws -> Tensor {
        let tensor = Tensor(try file.elements(name, as: Float.self), shape: file.entries[name]?.shape ?? [])
        guard tensor.isFinite else { throw stored.fault(index, "a weight that is NaN or infinite", "finite weights") }
        unread.remove(name)
        return tensor
    }

    private mutating func nextQuantization(_ index: Int) throws -> AffineQuantization {
        guard let next = quantizations.popFirst() else {
            throw stored.fault(index, "no activation scale left", "one for each node with bytes")
        }
        return next
    }
}
