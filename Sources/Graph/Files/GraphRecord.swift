import Autograd
import Foundation
import TensorCore

/// The text form of a graph: what the arrays of a file do not say, without what follows from the nodes before.
package struct GraphRecord: Codable {
    /// What a node reads: an earlier node by its index, a parameter by its path, or a constant by its name.
    package enum Reference: Codable, Hashable {
        case node(Int)
        case parameter(String)
        case constant(String)
    }

    /// One node; the input is node 0 and not among them.
    package struct Node: Codable {
        package var operation: AnyOperation
        /// The node before it when absent.
        package var `in`: [Reference]?
        /// The node that is added.
        package var add: Int?
        /// Whether negative values are cut, last.
        package var relu: Bool?
        /// In an int8 model: the result is float32.
        package var float: Bool?
        /// The path of the layer that it was made of.
        package var from: String?
        /// In an int8 model: an operation that has a form on uint8 is computed in float32 all the same.
        package var isFloatOperation: Bool?
        /// Names of the feature map that the result is.
        package var features: [String]?

        package init(
            operation: AnyOperation, in operands: [Reference]?, add: Int?, relu: Bool?, float: Bool? = nil,
            from: String? = nil, isFloatOperation: Bool? = nil, features: [String]? = nil
        ) {
            self.operation = operation
            self.in = operands
            self.add = add
            self.relu = relu
            self.float = float
            self.from = from
            self.isFloatOperation = isFloatOperation
            self.features = features
        }
    }

    /// The key in a file's metadata.
    package static let key = SafetensorsFile.graphKey
    /// The key of int8 models before graphs had one format for both; versions 1 and 2.
    package static let int8Key = SafetensorsFile.int8GraphKey
    /// What is written. 1 had neither layers in float32 nor paths, 2 held int8 models alone.
    package static let currentVersion = 3

    package var version: Int
    /// Whether weights are int8 and activations uint8.
    package var isInt8: Bool
    /// Extents of one image.
    package var input: [Int]
    package var nodes: [Node]

    package init(input: [Int], nodes: [Node], isInt8: Bool) {
        version = Self.currentVersion
        self.isInt8 = isInt8
        self.input = input
        self.nodes = nodes
    }

    /// As text for a file's metadata.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do { return String(decoding: try encoder.encode(self), as: UTF8.self) } catch {
            fatalError("a graph's attributes cannot be written: \(error)")
        }
    }

    private enum Key: String, CodingKey { case version, precision, input, nodes, steps }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        version = try fields.decode(Int.self, forKey: .version)
        guard (1...Self.currentVersion).contains(version) else {
            throw GraphRecordError(found: "version \(version)", expected: "a version up to \(Self.currentVersion)")
        }
        let precision = try fields.decodeIfPresent(String.self, forKey: .precision) ?? "int8"
        guard ["int8", "float32"].contains(precision) else {
            throw GraphRecordError(found: "precision \(precision)", expected: "int8 or float32")
        }
        isInt8 = precision == "int8"
        input = try fields.decode([Int].self, forKey: .input)
        nodes = try fields.decode([Node].self, forKey: version < 3 ? .steps : .nodes)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(version, forKey: .version)
        try fields.encode(isInt8 ? "int8" : "float32", forKey: .precision)
        try fields.encode(input, forKey: .input)
        try fields.encode(nodes, forKey: .nodes)
    }
}

/// What a record says does not hold together.
package struct GraphRecordError: Error {
    /// The node, counted with the input as 0; nil where it is none's fault.
    package var node: Int?
    package let found: String
    package let expected: String

    package init(node: Int? = nil, found: String, expected: String) {
        self.node = node
        self.found = found
        self.expected = expected
    }
}

extension CodingUserInfoKey {
    /// The operations that a record may name.
    static let operations = CodingUserInfoKey(rawValue: "retort.operations")
}

extension GraphRecord.Node {
    private enum Key: String, CodingKey { case op, attributes, `in`, add, relu, float, from, features, compute }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        let name = try fields.decode(String.self, forKey: .op)
        let registry = CodingUserInfoKey.operations.flatMap { decoder.userInfo[$0] as? OperationRegistry } ?? .standard
        // Before version 3 attributes stood beside the name.
        let attributes = fields.contains(.attributes) ? try fields.superDecoder(forKey: .attributes) : decoder
        let node = decoder.codingPath.compactMap(\.intValue).last.map { $0 + 1 }
        do {
            guard let operation = try registry.decode(name, from: attributes) else {
                throw GraphRecordError(
                    node: node, found: "operation \(name)",
                    expected: "one that is registered: \(registry.names.joined(separator: ", "))")
            }
            self.operation = operation
        } catch let error as GraphRecordError { throw error } catch let error as OperationError {
            throw GraphRecordError(node: node, found: error.found, expected: error.expected)
        } catch {
            // Foundation's JSON has errors of its own beside DecodingError.
            throw GraphRecordError(
                node: node, found: "attributes of \(name) that are missing or of another kind",
                expected: "those of its operation")
        }
        `in` = try fields.decodeIfPresent([GraphRecord.Reference].self, forKey: .in)
        add = try fields.decodeIfPresent(Int.self, forKey: .add)
        relu = try fields.decodeIfPresent(Bool.self, forKey: .relu)
        float = try fields.decodeIfPresent(Bool.self, forKey: .float)
        from = try fields.decodeIfPresent(String.self, forKey: .from)
        features = try fields.decodeIfPresent([String].self, forKey: .features)
        isFloatOperation = try fields.decodeIfPresent(String.self, forKey: .compute).map { $0 == "float32" }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(operation.description, forKey: .op)
        if !Mirror(reflecting: operation.base).children.isEmpty {
            try operation.base.encode(to: fields.superEncoder(forKey: .attributes))
        }
        try fields.encodeIfPresent(`in`, forKey: .in)
        try fields.encodeIfPresent(add, forKey: .add)
        try fields.encodeIfPresent(relu, forKey: .relu)
        try fields.encodeIfPresent(float, forKey: .float)
        try fields.encodeIfPresent(from, forKey: .from)
        try fields.encodeIfPresent(features, forKey: .features)
        if isFloatOperation == true { try fields.encode("float32", forKey: .compute) }
    }
}

extension GraphRecord.Reference {
    private enum Key: String, CodingKey { case constant }

    package init(from decoder: any Decoder) throws {
        if let index = try? decoder.singleValueContainer().decode(Int.self) {
            self = .node(index)
        } else if let path = try? decoder.singleValueContainer().decode(String.self) {
            self = .parameter(path)
        } else {
            self = .constant(try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .constant))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .node(let index):
            var value = encoder.singleValueContainer()
            try value.encode(index)
        case .parameter(let path):
            var value = encoder.singleValueContainer()
            try value.encode(path)
        case .constant(let name):
            var fields = encoder.container(keyedBy: Key.self)
            try fields.encode(name, forKey: .constant)
        }
    }
}
