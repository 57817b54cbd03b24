import Autograd
import Foundation
import TensorCore

/// The nodes of a file, checked: each reads earlier nodes and arrays that are there, its operation takes them, and its
/// result has a size that memory can hold. The one reader of both precisions; what arrays contain is not looked at yet.
package struct StoredGraph {
    /// What a node reads.
    package enum Operand {
        case node(Int)
        /// An array of the file; a parameter by its path unless it is a constant.
        case array(String, isConstant: Bool)
    }

    /// One node.
    package struct Node {
        package var operation: AnyOperation?
        package var operands: [Operand]
        package var residual: Int?
        package var relu: Bool
        /// Whether the result of a node of an int8 model is float32.
        package var isFloat: Bool
        /// Whether an operation that has a form on uint8 is computed in float32 all the same.
        package var isFloatOperation = false
        package var path: String?
        package var features: [String]
        package var extents: BatchShape

        /// The nodes that it reads, the residual last.
        fileprivate var sources: [Int] {
            operands.compactMap { if case .node(let source) = $0 { source } else { nil } }
                + (residual.map { [$0] } ?? [])
        }
    }

    /// The file.
    package let file: SafetensorsFile
    /// The nodes, the input first.
    package private(set) var nodes: [Node]
    /// Whether weights are int8 and activations uint8.
    package let isInt8: Bool
    /// What else the metadata holds.
    package private(set) var metadata: [String: String]

    /// Extents and attributes beyond this are refused, so that no product of a few of them overflows.
    package static let sizes = 1...(1 << 20)
    /// Elements of one node's result for one image.
    package static let elementLimit = 1 << 31

    /// Whether a file holds a graph, of any version.
    package static func isGraph(_ file: SafetensorsFile) -> Bool {
        file.metadata[GraphRecord.key] != nil || file.metadata[GraphRecord.int8Key] != nil
    }

    /// Reads and checks the nodes of a file.
    ///
    /// - Parameters:
    ///   - operations: those that it may name.
    ///   - limits: what the network may cost.
    /// - Throws: `FormatError` that names the file, the node, what was found and what was expected.
    package init(_ file: SafetensorsFile, operations: OperationRegistry, limits: GraphLimits) throws {
        self.file = file
        metadata = file.metadata
        let key = file.metadata[GraphRecord.key] == nil ? GraphRecord.int8Key : GraphRecord.key
        guard let text = metadata.removeValue(forKey: key) else {
            throw FormatError(
                file: file.source, place: "metadata", found: "no key \(GraphRecord.key)",
                expected: "a model: float32, or a quantised model")
        }
        let decoder = JSONDecoder()
        if let operationsKey = CodingUserInfoKey.operations { decoder.userInfo[operationsKey] = operations }
        let record: GraphRecord
        do { record = try decoder.decode(GraphRecord.self, from: Data(text.utf8)) } catch let error as GraphRecordError
        {
            throw FormatError(
                file: file.source, place: error.node.map { "node \($0)" } ?? "metadata \(key)", found: error.found,
                expected: error.expected)
        } catch {
            throw FormatError(
                file: file.source, place: "metadata \(key)", found: "something else",
                expected: "the nodes of a network as JSON")
        }
        isInt8 = record.isInt8
        nodes = []
        guard let shape = Shape(checking: record.input), shape.rank > 0, shape.allSatisfy(Self.sizes.contains),
            shape.elementCount <= Self.elementLimit
        else { throw fault(0, "input of \(record.input)", "extents of an image") }
        nodes = [
            Node(
                operation: nil, operands: [], relu: false, isFloat: !isInt8, features: [],
                extents: BatchShape(image: shape))
        ]
        for (index, node) in record.nodes.enumerated() { nodes.append(try checked(node, at: index + 1)) }
        guard nodes.count > 1 else { throw fault(0, "no nodes", "a network") }
        guard let extents = nodes.last?.extents, extents.isBatchFirst else {
            throw fault(nodes.count - 1, "a result of the network that is not [N, ...]", "the batch first")
        }
        try check(limits)
    }

    private func checked(_ record: GraphRecord.Node, at index: Int) throws -> Node {
        var operands: [Operand] = (record.in ?? [.node(index - 1)]).map { reference in
            switch reference {
            case .node(let node): .node(node)
            case .parameter(let path): .array(path, isConstant: false)
            case .constant(let name): .array(name, isConstant: true)
            }
        }
        // The arrays of an int8 model's layers are named after their nodes.
        if isInt8 {
            for name in ["\(index).weight", "\(index).bias"] where file.entries[name] != nil {
                operands.append(.array(name, isConstant: false))
            }
        }
        let sources = operands.compactMap { if case .node(let source) = $0 { source } else { nil } }
        // Weights of an int8 layer are no inputs of its own; a float32 node may compute with parameters alone.
        guard !(isInt8 ? sources.isEmpty : operands.isEmpty) else {
            throw fault(index, "0 inputs of \(record.operation)", "at least one")
        }
        guard (sources + (record.add.map { [$0] } ?? [])).allSatisfy({ (0..<index).contains($0) }) else {
            throw fault(index, "inputs \(sources + (record.add.map { [$0] } ?? []))", "earlier nodes")
        }
        let extents = try result(of: record.operation, operands, at: index)
        guard extents.image.allSatisfy(Self.sizes.contains), extents.image.elementCount <= Self.elementLimit else {
            throw fault(index, "a result of \(extents) an image", "at most \(Self.elementLimit) elements")
        }
        let isLayer = record.operation.isLinearLayer
        if let add = record.add {
            guard isLayer, nodes[add].extents == extents else {
                throw fault(index, "a residual of \(nodes[add].extents)", "one of \(extents), added to a layer")
            }
        }
        guard record.relu != true || isLayer || record.operation.is(AddOperation.self) else {
            throw fault(index, "relu", "one only behind layers and sums")
        }
        return Node(
            operation: record.operation, operands: operands, residual: record.add, relu: record.relu ?? false,
            isFloat: !isInt8 || record.float == true, isFloatOperation: record.isFloatOperation == true,
            path: record.from, features: record.features ?? [],
            extents: extents)
    }

    /// The shapes of what a node reads.
    private func shapes(of operands: [Operand], batch: Int, at index: Int) throws -> [Shape] {
        try operands.map { operand in
            switch operand {
            case .node(let source):
                guard let shape = nodes[source].extents.shape(batch: batch) else {
                    throw fault(index, "an input of \(nodes[source].extents)", "a countable size")
                }
                return shape
            case .array(let name, _):
                guard let shape = file.entries[name]?.shape, shape.allSatisfy(Self.sizes.contains) else {
                    throw fault(index, "no array \(name), or one without elements", "what it reads")
                }
                return shape
            }
        }
    }

    /// The extents of an operation's result, by those of what it reads.
    private func result(of operation: AnyOperation, _ operands: [Operand], at index: Int) throws -> BatchShape {
        do {
            let extents = try BatchShape(inferredFrom: {
                try operation.base.shape(of: shapes(of: operands, batch: $0, at: index))
            })
            guard let extents else {
                throw OperationError(found: "a result that depends on the batch", expected: "one that grows with it")
            }
            guard extents.growsWithBatch || !operands.contains(where: { isOneForEachImage($0) }) else {
                throw OperationError(found: "a result of \(extents) for all images together", expected: "one for each")
            }
            return extents
        } catch let error as OperationError {
            let arrays = operands.compactMap { if case .array(let name, _) = $0 { name } else { nil } }
            let names = arrays.isEmpty ? "" : " (\(arrays.joined(separator: ", ")))"
            throw fault(index, error.found + names, error.expected)
        }
    }

    /// Holds the cost of the network to limits.
    private func check(_ limits: GraphLimits) throws {
        var work = 0.0
        for (index, node) in nodes.enumerated() {
            work += Double(node.extents.image.elementCount)
            guard let operation = node.operation else { continue }
            let shapes = try shapes(of: node.operands, batch: 1, at: index)
            work += operation.base.work(of: shapes) + shapes.reduce(0) { $0 + Double($1.elementCount) }
            guard work <= limits.operations else {
                throw fault(
                    index, "a network of \(Self.short(work)) operations or more for one image",
                    "at most \(Self.short(limits.operations)) (a program can raise its GraphLimits)")
            }
        }
        let walker = GraphWalker(sources: nodes.map { $0.sources }, output: nodes.count - 1)
        let peak = walker.peak(of: nodes.map { $0.extents.image.elementCount * ($0.isFloat ? 4 : 1) })
        guard peak <= limits.activationBytes else {
            throw FormatError(
                file: file.source, found: "a network that takes \(peak) bytes for one image",
                expected: "at most \(limits.activationBytes)", advice: "a program can raise its GraphLimits")
        }
    }

    private static func short(_ number: Double) -> String { String(format: "%.2g", number) }

    private func isOneForEachImage(_ operand: Operand) -> Bool {
        if case .node(let source) = operand { nodes[source].extents.growsWithBatch } else { false }
    }

    /// An error at a node.
    package func fault(_ node: Int, _ found: String, _ expected: String) -> FormatError {
        FormatError(file: file.source, place: "node \(node)", found: found, expected: expected)
    }
}
