import Autograd
import Foundation
import Graph
import TensorCore

/// A network from an ONNX file.
///
///     let model = try ONNXModel(contentsOf: URL(filePath: "teacher.onnx"))
///     let teacher = try TracedNetwork(model.graph())
///
/// ``graph(imageSize:)`` gives a graph that infers, trains, is pruned, quantised and exported as any other;
/// ``run(_:)`` computes the model as it stands, with named tensors in the model's own layout.
public struct ONNXModel: Sendable {
    /// An input or an output.
    public struct Argument: Sendable, Hashable {
        /// Its name in the model.
        public let name: String
        /// The type of its elements; nil where the file does not say.
        public let type: ElementType?
        /// Its extents, nil for one that depends on the call; nil as a whole where the file does not say.
        public let extents: [Int?]?
    }

    let file: ModelFile
    let limits: GraphLimits
    /// What a call must give: inputs without a stored value.
    public let inputs: [Argument]
    /// What a call returns.
    public let outputs: [Argument]

    /// Reads a model.
    ///
    /// - Parameters:
    ///   - url: the file; external data lie beside it.
    ///   - limits: what the network may cost.
    /// - Throws: `FormatError` for a file that is no ONNX model or has an operator set that is not read; `MachineError`
    ///   where the machine cannot read it.
    public init(contentsOf url: URL, limits: GraphLimits = .init()) throws {
        try self.init(file: ModelFile(url), limits: limits)
    }

    /// Reads a model from memory.
    ///
    /// - Parameters:
    ///   - data: the bytes of a file without external data.
    ///   - name: what messages call it.
    ///   - limits: what the network may cost.
    /// - Throws: as ``init(contentsOf:limits:)``.
    public init(_ data: Data, name: String, limits: GraphLimits = .init()) throws {
        try self.init(file: ModelFile(data, name: name, folder: nil), limits: limits)
    }

    private init(file: ModelFile, limits: GraphLimits) throws {
        (self.file, self.limits) = (file, limits)
        let stored = Set(file.graph.initializer.map(\.name))
        inputs = file.graph.input.filter { !stored.contains($0.name) }.map { Argument($0) }
        outputs = file.graph.output.map { Argument($0) }
        guard !outputs.isEmpty else {
            throw FormatError(file: file.name, found: "no outputs", expected: "at least one")
        }
    }

    /// Strings that were stored with the model.
    public var metadata: [String: String] {
        Dictionary(file.message.metadataProps.map { ($0.key, $0.value) }) { $1 }
    }

    /// The version of the standard operator set that it was written for; nil if it uses none.
    public var operatorSet: Int? { file.versions[""] }

    /// How many nodes of each operator it has, by name.
    public var operators: [String: Int] {
        file.graph.node.reduce(into: [:]) { $0[$1.opType, default: 0] += 1 }
    }

    /// The program that wrote it, and its version; empty where the file does not say.
    public var producer: String {
        [file.message.producerName, file.message.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Operators of the model that Retort does not read, sorted.
    public var unreadOperators: [String] {
        let unread = file.graph.node.filter { node in
            let domain = standardized(node.domain)
            return file.functions[functionKey(domain, node.opType)] == nil
                && OperatorTable.find(node.opType, domain: domain) == nil
        }
        return Set(unread.map(\.opType)).sorted()
    }

    /// Computes the model.
    ///
    /// - Parameter inputs: all of ``inputs`` by name, with their own extents and types.
    /// - Returns: ``outputs`` by name.
    /// - Throws: `FormatError` that names the node, what was found and what was expected; `MachineError` where memory
    ///   does not suffice.
    public func run(_ inputs: [String: ONNXTensor]) throws -> [String: ONNXTensor] {
        var values: [String: GraphValue] = [:]
        for argument in self.inputs {
            guard let input = inputs[argument.name] else {
                throw FormatError(
                    file: file.name, found: "no value for input \"\(argument.name)\"", expected: "\(argument)")
            }
            guard argument.accepts(input) else {
                throw FormatError(
                    file: file.name, place: "input \"\(argument.name)\"", found: "\(input.type) of \(input.shape)",
                    expected: "\(argument)")
            }
            values[argument.name] = GraphValue(input)
        }
        let builder = GraphBuilder(limits: GraphLimits(operations: .infinity, activationBytes: limits.activationBytes))
        let results = try Interpreter(file: file, builder: builder).run(values, wanted: outputs.map(\.name))
        var tensors: [String: ONNXTensor] = [:]
        for (argument, value) in zip(outputs, results) { tensors[argument.name] = try value.tensor() }
        return tensors
    }
}

extension ONNXModel.Argument: CustomStringConvertible {
    init(_ stored: Onnx_ValueInfoProto) {
        name = stored.name
        guard stored.hasType, stored.type.hasTensorType else {
            (type, extents) = (nil, nil)
            return
        }
        let tensor = stored.type.tensorType
        type = ElementType(rawValue: Int(tensor.elemType))
        extents = tensor.hasShape ? tensor.shape.dim.map { Self.extent($0) } : nil
    }

    private static func extent(_ dimension: Onnx_TensorShapeProto.Dimension) -> Int? {
        // Some exporters write -1 where it is open.
        if case .dimValue(let value)? = dimension.value, value >= 0 { Int(value) } else { nil }
    }

    /// Whether a tensor has its type and extents.
    func accepts(_ tensor: ONNXTensor) -> Bool {
        guard type == nil || type == tensor.type else { return false }
        guard let extents else { return true }
        return extents.count == tensor.shape.rank && zip(extents, tensor.shape).allSatisfy { $0 == nil || $0 == $1 }
    }

    public var description: String {
        let extents = extents.map { extents in
            let texts = extents.enumerated().map { axis, extent in
                extent.map(String.init) ?? (axis == 0 ? "N" : "?")
            }
            return "[\(texts.joined(separator: ", "))]"
        }
        return "\(type.map { "\($0)" } ?? "a tensor")\(extents.map { " of \($0)" } ?? "")"
    }
}

extension GraphValue {
    /// A value that is known as a tensor with its axes as ONNX names them.
    func tensor() throws -> ONNXTensor {
        switch content {
        case .tensor(let tensor, _):
            return ONNXTensor(isInOrder ? tensor : tensor.transposed(order), type: type)
        case .integers(let values, let extents):
            let places = Tensor.places(of: extents, transposed: order)
            return ONNXTensor(isInOrder ? values : places.map { values[$0] }, shape: shape, type: type)
        case .node: throw OperationError(found: "a value that depends on an input", expected: "a known one")
        }
    }
}
