import Autograd
import Foundation
import TensorCore

extension NetworkGraph {
    /// The graph as a file's content: an array for each parameter by its path, and the nodes in the metadata.
    ///
    /// - Parameter metadata: strings to keep with it; the key `retort.graph` is the graph's own.
    public func file(metadata: [String: String] = [:]) -> SafetensorsFile {
        require(metadata[GraphRecord.key] == nil, "NetworkGraph.file: the metadata key \(GraphRecord.key) is its own")
        // Then the last node is the result.
        let graph = droppingUnused()
        var file = SafetensorsFile()
        var records: [GraphRecord.Node] = []
        for (index, node) in graph.nodes.enumerated() {
            guard let operation = node.operation else { continue }
            var references: [GraphRecord.Reference] = []
            for (place, operand) in node.operands.enumerated() {
                switch operand {
                case .node(let source): references.append(.node(source))
                case .tensor(let tensor, let path?) where file.isFree(path, for: tensor):
                    file.entries[path] = .init(tensor)
                    references.append(.parameter(path))
                case .tensor(let tensor, _):
                    let name = "constant.\(index).\(place)"
                    file.entries[name] = .init(tensor)
                    references.append(.constant(name))
                }
            }
            records.append(
                GraphRecord.Node(
                    operation: operation, in: references == [.node(index - 1)] ? nil : references, add: node.residual,
                    relu: node.relu ? true : nil, features: node.features.isEmpty ? nil : node.features))
        }
        let record = GraphRecord(input: inputShape.extents, nodes: records, isInt8: false)
        file.metadata = metadata.merging([GraphRecord.key: record.text]) { $1 }
        return file
    }

    /// Reads what ``file(metadata:)`` gave.
    ///
    /// Everything is checked before anything runs: a file gives a graph that works, or an error.
    ///
    /// - Parameters:
    ///   - file: its content.
    ///   - operations: those that it may name.
    ///   - limits: what the network may cost.
    /// - Returns: the graph, and the strings that were kept with it.
    /// - Throws: `FormatError` that names the file, the place in it, what was found and what was expected.
    public static func decode(
        _ file: SafetensorsFile, operations: OperationRegistry = .standard, limits: GraphLimits = .init()
    ) throws -> (graph: NetworkGraph, metadata: [String: String]) {
        let stored = try StoredGraph(file, operations: operations, limits: limits)
        return (try NetworkGraph(stored), stored.metadata)
    }

    /// The graph of a float32 file's nodes, with their arrays.
    ///
    /// - Throws: `FormatError` for an int8 file, values that are not finite and arrays that are left over.
    package init(_ stored: StoredGraph) throws {
        guard !stored.isInt8 else {
            throw FormatError(file: stored.file.source, found: "an int8 model", expected: "a model in float32")
        }
        var unread = Set(stored.file.entries.keys)
        nodes = []
        for (index, node) in stored.nodes.enumerated() {
            let operands = try node.operands.map { operand -> Operand in
                switch operand {
                case .node(let source): return .node(source)
                case .array(let name, let isConstant):
                    unread.remove(name)
                    // Refuses what is NaN or infinite.
                    let tensor = try stored.file.tensor(name)
                    return .tensor(tensor, path: isConstant ? nil : name)
                }
            }
            var own = Node(operation: node.operation, operands: operands, extents: node.extents)
            (own.residual, own.relu, own.features, own.origin) = (node.residual, node.relu, node.features, index)
            nodes.append(own)
        }
        output = nodes.count - 1
        if let name = unread.min() {
            throw FormatError(
                file: stored.file.source, place: "end", found: "array \(name)",
                expected: "what the nodes need and nothing else")
        }
    }
}

extension SafetensorsFile {
    /// Whether a name is not taken by another tensor.
    fileprivate func isFree(_ name: String, for tensor: Tensor) -> Bool {
        guard let entry = entries[name] else { return true }
        return entry == .init(tensor)
    }
}
