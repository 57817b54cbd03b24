import Autograd
import Foundation
import TensorCore

/// Goes through the nodes of a model in their order and lets operators turn them into operations.
struct Interpreter {
    let file: ModelFile
    let builder: GraphBuilder

    /// The model's results.
    ///
    /// - Parameters:
    ///   - inputs: values by the names of the model's inputs.
    ///   - wanted: names of the results.
    func run(_ inputs: [String: GraphValue], wanted: [String]) throws -> [GraphValue] {
        var values = inputs
        for stored in file.graph.initializer where values[stored.name] == nil {
            values[stored.name] = GraphValue(try file.tensors.read(stored), path: stored.name)
        }
        return try run(
            file.graph.node, values: &values, wanted: wanted, versions: file.versions, scope: Scope(place: ""))
    }

    /// What surrounds the nodes of a function.
    private struct Scope {
        /// Where the function is called, for messages.
        var place: String
        /// The call's attributes, which those of the nodes within may refer to.
        var attributes: [String: NodeCall.Attribute] = [:]
        var depth = 0
    }

    private func run(
        _ nodes: [Onnx_NodeProto], values: inout [String: GraphValue], wanted: [String], versions: [String: Int],
        scope: Scope
    ) throws -> [GraphValue] {
        var readers: [String: Int] = [:]
        for name in nodes.flatMap(\.input) + wanted { readers[name, default: 0] += 1 }
        for (index, node) in nodes.enumerated() {
            let results: [GraphValue]
            do { results = try evaluate(node, at: index, values, versions, scope) } catch let error as OperationError {
                throw FormatError(
                    file: file.name, place: place(of: node, index, scope), found: error.found, expected: error.expected,
                    advice: error.advice)
            }
            for (name, result) in zip(node.output, results) where !name.isEmpty {
                guard values[name] == nil else {
                    throw FormatError(
                        file: file.name, place: place(of: node, index, scope),
                        found: "a second value called \"\(name)\"",
                        expected: "one value of a name")
                }
                if readers[name] != nil { values[name] = result }
            }
            for name in node.input where !name.isEmpty {
                readers[name, default: 0] -= 1
                // Memory of large models; a name that is used again stays known as taken.
                if readers[name] == 0 { values[name] = values[name].map { GraphValue($0.type, .integers([], [0])) } }
            }
        }
        return try wanted.map { name in
            guard let value = values[name] else {
                throw FormatError(
                    file: file.name, place: scope.place, found: "no node that gives \"\(name)\"", expected: "one")
            }
            return value
        }
    }

    private func evaluate(
        _ node: Onnx_NodeProto, at index: Int, _ values: [String: GraphValue], _ versions: [String: Int], _ scope: Scope
    ) throws -> [GraphValue] {
        let domain = standardized(node.domain)
        let inputs = try node.input.map { name -> GraphValue? in
            guard !name.isEmpty else { return nil }
            guard let value = values[name] else {
                throw OperationError(
                    found: "input \"\(name)\", which no node before gives", expected: "nodes in the order they run")
            }
            return value
        }
        let attributes = try readAttributes(node, scope)
        if let function = file.functions[functionKey(domain, node.opType)] {
            return try call(function, inputs, attributes, at: place(of: node, index, scope), scope)
        }
        guard let evaluate = OperatorTable.find(node.opType, domain: domain) else {
            throw OperationError(
                found: "operator \(domain.isEmpty ? "" : domain + ".")\(node.opType)",
                expected: "one that Retort reads (docs/onnx.md lists them)")
        }
        func called(with inputs: [GraphValue?]) throws -> [GraphValue] {
            try evaluate(
                NodeCall(
                    operatorName: node.opType, version: versions[domain] ?? 1, inputs: inputs,
                    outputCount: node.output.count, attributes: attributes, builder: builder))
        }
        var results = try called(with: inputs)
        if inputs.contains(where: { $0?.integersOfMany != nil }), inputs.allSatisfy({ $0?.isKnown != false }),
            results.allSatisfy({ !$0.type.isFloat })
        {
            // What is computed from extents, for many images as well.
            let ofMany = (try? called(with: inputs.map { $0?.ofMany })) ?? []
            for (place, value) in zip(results.indices, ofMany) { results[place].note(ofMany: value) }
        }
        // Some exporters write weights as nodes; the result's name is theirs then.
        guard node.opType == "Constant", results.count == 1, let name = node.output.first else { return results }
        return [results[0].named(name)]
    }

    /// Runs the nodes of a function that the model brings.
    private func call(
        _ function: Onnx_FunctionProto, _ inputs: [GraphValue?], _ given: [String: NodeCall.Attribute],
        at place: String,
        _ scope: Scope
    ) throws -> [GraphValue] {
        guard scope.depth < 32 else {
            throw OperationError(found: "functions that call one another 32 deep", expected: "fewer")
        }
        var inner = Scope(place: place, attributes: given, depth: scope.depth + 1)
        for attribute in function.attributeProto where inner.attributes[attribute.name] == nil {
            inner.attributes[attribute.name] = try readAttribute(attribute)
        }
        var values: [String: GraphValue] = [:]
        for (name, value) in zip(function.input, inputs) { values[name] = value }
        let versions = Dictionary(function.opsetImport.map { (standardized($0.domain), Int($0.version)) }) { $1 }
        return try run(function.node, values: &values, wanted: function.output, versions: versions, scope: inner)
    }

    private func readAttributes(_ node: Onnx_NodeProto, _ scope: Scope) throws -> [String: NodeCall.Attribute] {
        var attributes: [String: NodeCall.Attribute] = [:]
        for attribute in node.attribute {
            if attribute.refAttrName.isEmpty {
                attributes[attribute.name] = try readAttribute(attribute)
            } else {
                attributes[attribute.name] = scope.attributes[attribute.refAttrName]
            }
        }
        return attributes
    }

    private func readAttribute(_ stored: Onnx_AttributeProto) throws -> NodeCall.Attribute {
        func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }
        switch stored.type {
        case .float: return .float(stored.f)
        case .int: return .int(Int(stored.i))
        case .string: return .string(text(stored.s))
        case .tensor: return .tensor(try file.tensors.read(stored.t))
        case .floats: return .floats(stored.floats)
        case .ints: return .ints(stored.ints.map { Int($0) })
        case .strings: return .strings(stored.strings.map(text))
        case .graph, .graphs:
            throw OperationError(
                found: "attribute \(stored.name), a graph within the node",
                expected: "a model without branches and loops")
        default:
            throw OperationError(
                found: "attribute \(stored.name) of type \(stored.type)", expected: "numbers or strings")
        }
    }

    private func place(of node: Onnx_NodeProto, _ index: Int, _ scope: Scope) -> String {
        let name = node.name.isEmpty ? "" : " \"\(node.name)\""
        let outer = scope.place.isEmpty ? "" : "\(scope.place), "
        return "\(outer)node \(index) (\(node.opType)\(name))"
    }
}
