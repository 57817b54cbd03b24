import Foundation
import Retort
import Yams

/// A value in a YAML document with its place, read strictly: an unknown key, another type and a missing value are errors that
/// say where, what was found and what was expected.
struct RecipeNode {
    /// The file, or the option that the text came with.
    let file: String
    let node: Node
    /// From the document's root: `controllers[0].threshold`; empty for the root.
    let path: String
    /// Whether errors say the line.
    let isFile: Bool

    /// Reads a document.
    ///
    /// - Throws: `FormatError` for text that is no YAML, a key that comes twice, and more than one document.
    init(text: String, file: String, isFile: Bool) throws {
        do {
            guard let root = try Yams.compose(yaml: text) else {
                throw FormatError(file: file, found: "nothing", expected: "YAML")
            }
            self.init(file: file, node: root, path: "", isFile: isFile)
        } catch let error as YamlError {
            throw error.located(in: file)
        }
    }

    private init(file: String, node: Node, path: String, isFile: Bool) {
        self.file = file
        self.node = node
        self.path = path
        self.isFile = isFile
    }

    func error(found: String? = nil, expected: String) -> FormatError {
        let line = isFile ? node.mark.map { "line \($0.line)" } : nil
        let places = [line, path.isEmpty ? nil : path].compactMap { $0 }
        return FormatError(
            file: file, place: places.joined(separator: ": "), found: found ?? summary, expected: expected)
    }

    /// What an error says was found.
    var summary: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence(let values): "a list of \(values.count)"
        case .scalar(let scalar) where kind == .str: "'\(scalar.string.prefix(40))'"
        case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : scalar.string
        case .alias: "an alias"
        }
    }

    var isScalar: Bool { node.scalar != nil }

    /// What YAML takes a scalar for.
    private var kind: Tag.Name { Tag.Name(rawValue: node.tag.rawValue) }

    /// The members of a mapping, in their order.
    ///
    /// - Parameters:
    ///   - keys: those that may be there.
    ///   - what: the mapping, for an error that finds something else.
    func members(_ keys: [String], of what: String) throws -> [(key: String, value: RecipeNode)] {
        guard let mapping = node.mapping else { throw error(expected: what) }
        return try mapping.map { key, value in
            let name = key.string ?? ""
            let place = path.isEmpty ? name : "\(path).\(name)"
            guard keys.contains(name) else {
                let near = keys.min { ($0.distance(to: name), $0) < ($1.distance(to: name), $1) } ?? ""
                throw RecipeNode(file: file, node: key, path: place, isFile: isFile).error(
                    found: "an unknown key", expected: "a known one, such as '\(near)',")
            }
            return (name, RecipeNode(file: file, node: value, path: place, isFile: isFile))
        }
    }

    /// A member that must be there, whatever else is.
    func member(_ key: String, of what: String) throws -> RecipeNode {
        guard node.mapping != nil else { throw error(expected: what) }
        let (value, rest) = descending(key)
        guard rest.isEmpty else { throw error(found: "no '\(key)'", expected: "this key") }
        return value
    }

    /// The elements of a list.
    func elements(of what: String) throws -> [RecipeNode] {
        guard let values = node.sequence else { throw error(expected: what) }
        return values.enumerated().map { index, value in
            RecipeNode(file: file, node: value, path: "\(path)[\(index)]", isFile: isFile)
        }
    }

    func text() throws -> String {
        guard let scalar = node.scalar, kind == .str else { throw error(expected: "text") }
        return scalar.string
    }

    func number() throws -> Double {
        guard [.int, .float].contains(kind), let value = node.float ?? node.int.map(Double.init),
            value.isFinite
        else { throw error(expected: "a number") }
        return value
    }

    func wholeNumber() throws -> Int {
        guard kind == .int, let value = node.int else { throw error(expected: "a whole number") }
        return value
    }

    /// A whole number of any size, as text.
    func digits() throws -> String {
        guard kind == .int, let text = node.string else { throw error(expected: "a whole number") }
        return node.int.map(String.init) ?? text
    }

    func flag() throws -> Bool {
        guard kind == .bool, let value = node.bool else { throw error(expected: "true or false") }
        return value
    }

    /// One of a few names.
    func choice<Value>(of values: [(name: String, value: Value)]) throws -> Value {
        guard let found = values.first(where: { $0.name == node.string }) else {
            throw error(expected: "one of \(values.map(\.name).joined(separator: ", "))")
        }
        return found.value
    }

    /// The value as JSON.
    func json() throws -> String {
        switch node {
        case .mapping(let mapping):
            let names = mapping.compactMap(\.key.string)
            let members = try members(names, of: "").map { "\(try jsonText($0.key)): \(try $0.value.json())" }
            return "{\(members.joined(separator: ", "))}"
        case .sequence:
            return "[\(try elements(of: "").map { try $0.json() }.joined(separator: ", "))]"
        case .scalar(let scalar):
            switch kind {
            case .int: return "\(try wholeNumber())"
            case .float: return "\(try number())"
            case .bool: return "\(try flag())"
            case .null: return "null"
            default: return try jsonText(scalar.string)
            }
        case .alias: throw error(expected: "a value")
        }
    }

    /// What stands at a path from here, `operations[2].rotate`, as far as it leads, and the rest of the path.
    func descending(_ path: String) -> (value: RecipeNode, rest: String) {
        var value = self
        var steps = path.replacing("[", with: ".[").split(separator: ".")[...]
        while let step = steps.first {
            if step.hasPrefix("["), let index = Int(step.dropFirst().dropLast()),
                let elements = try? value.elements(of: ""), elements.indices.contains(index)
            {
                value = elements[index]
            } else if let member = value.node.mapping?[String(step)] {
                let path = value.path.isEmpty ? String(step) : "\(value.path).\(step)"
                value = RecipeNode(file: file, node: member, path: path, isFile: isFile)
            } else {
                break
            }
            steps.removeFirst()
        }
        return (value, steps.joined(separator: "."))
    }
}

extension YamlError {
    /// As every other fault in a file.
    fileprivate func located(in file: String) -> FormatError {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            FormatError(file: file, place: "line \(mark.line)", found: problem, expected: "YAML, in one document")
        case .duplicatedKeysInMapping(let keys, let context):
            FormatError(
                file: file, place: "line \(context.mark.line): \(keys.first ?? "")", found: "a key that comes twice",
                expected: "each once")
        default: FormatError(file: file, found: "text that is no YAML", expected: "YAML in UTF-8")
        }
    }
}

extension String {
    /// The least number of characters to insert, delete or replace between two texts (Levenshtein 1966).
    fileprivate func distance(to other: String) -> Int {
        var row = Array(0...other.count)
        for (index, character) in enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, counterpart) in other.enumerated() {
                let replaced = diagonal + (character == counterpart ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}
