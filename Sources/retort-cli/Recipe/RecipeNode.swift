import Foundation
import Retort
import Yams

/// A value in a YAML document with its place, read strictly: an unknown key, another type and a missing value are
/// errors that say where, what was found and what was expected.
struct RecipeNode {
    /// Empty for a text that came with an option.
    let file: String
    let node: Node
    /// From the document's root: `controllers[0].threshold`; empty for the root.
    let path: String
    /// Whether errors say the line.
    let isFile: Bool

    /// Reads a document.
    ///
    /// - Throws: `RecipeError` for text that is no YAML, a key that comes twice, and more than one document.
    init(text: String, file: String, isFile: Bool) throws {
        do {
            // An alias as a key is compared with other keys before anything can be counted.
            guard text.firstMatch(of: /(^|[\s{,?])\*[^\s,\]}]+\s*:(\s|$)|\?\s+[*&]/) == nil else {
                throw RecipeError(file: file, problem: "an alias as a key found, the key itself expected")
            }
            guard let root = try Yams.compose(yaml: text) else {
                throw RecipeError(file: file, problem: "nothing in it, YAML expected")
            }
            self.init(file: file, node: root, path: "", isFile: isFile)
            try checkCount(atMost: 300_000)
            try checkColons(in: root)
        } catch let error as YamlError {
            throw error.located(in: file, text: text)
        }
    }

    private init(file: String, node: Node, path: String, isFile: Bool) {
        self.file = file
        self.node = node
        self.path = path
        self.isFile = isFile
    }

    /// Refuses a value that aliases make out of proportion, before it is written out.
    func checkCount(atMost limit: Int) throws {
        var left = limit
        func count(_ node: Node) {
            left -= 1
            guard left >= 0 else { return }
            switch node {
            case .sequence(let values): for value in values where left >= 0 { count(value) }
            case .mapping(let members): for (key, value) in members where left >= 0 { [key, value].forEach(count) }
            case .scalar, .alias: break
            }
        }
        count(node)
        if left < 0 { throw error("more than \(grouped(limit)) values found, aliases followed; fewer expected") }
    }

    /// Refuses `{lowest:1}`, which YAML takes for a key without a value.
    private func checkColons(in node: Node) throws {
        switch node {
        case .sequence(let values): for value in values { try checkColons(in: value) }
        case .mapping(let members):
            for (key, value) in members {
                if value.scalar?.string == "", let text = key.string, let colon = text.firstIndex(of: ":"),
                    case let rest = text[text.index(after: colon)...], !rest.isEmpty
                {
                    throw RecipeNode(file: file, node: key, path: "", isFile: isFile).error(
                        "'\(text)' found; write a blank after the colon: \(text[...colon]) \(rest)")
                }
                for inner in [key, value] { try checkColons(in: inner) }
            }
        case .scalar, .alias: break
        }
    }

    /// An error of this value.
    func error(_ problem: String) -> RecipeError {
        RecipeError(file: file, line: isFile ? node.mark?.line : nil, place: path, problem: problem)
    }

    /// An error of a value of another kind.
    func error(expected: String) -> RecipeError { error("\(summary) found, \(expected) expected") }

    /// An error of a setting that lies within this value, at the line where its keys lead.
    func error(_ fault: ConfigurationError) -> RecipeError {
        let (value, rest) = descending(fault.path[...])
        return value.error(ConfigurationError(Array(rest), fault.problem).description)
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
    ///   - misplaced: why a key that belongs elsewhere is not one of them; nil for any other key.
    func members(
        _ keys: [String], of what: String, misplaced: (String) -> String? = { _ in nil }
    ) throws -> [(key: String, value: RecipeNode)] {
        guard let mapping = node.mapping else { throw error(expected: what) }
        return try mapping.map { key, value in
            let name = key.string ?? ""
            let place = path.isEmpty ? name : "\(path).\(name)"
            guard keys.contains(name) else {
                throw RecipeNode(file: file, node: key, path: place, isFile: isFile).error(
                    misplaced(name) ?? ConfigurationError.unknownName(name, known: keys).problem)
            }
            return (name, RecipeNode(file: file, node: value, path: place, isFile: isFile))
        }
    }

    /// The elements of a list.
    func elements(of what: String) throws -> [RecipeNode] {
        guard let values = node.sequence else { throw error(expected: what) }
        return values.enumerated().map { index, value in
            RecipeNode(file: file, node: value, path: "\(path)[\(index)]", isFile: isFile)
        }
    }

    func text() throws -> String {
        guard let scalar = node.scalar, kind == .str else { throw error("\(summary) found, text expected\(quotes)") }
        return scalar.string
    }

    /// What to do about a scalar that YAML does not take for the text that was expected.
    private var quotes: String { isScalar && kind != .str ? " (put it in quotes)" : "" }

    func number() throws -> Double {
        guard [.int, .float].contains(kind), let value = Double(node.scalar?.string ?? ""), value.isFinite else {
            throw error(expected: "a number")
        }
        return value
    }

    /// A whole number, as text.
    ///
    /// - Parameter range: from where to where it may be; nil for any size.
    func digits(within range: WholeNumber.Range? = nil) throws -> String {
        guard [.int, .float].contains(kind), let text = node.scalar?.string else {
            throw error(expected: "a whole number")
        }
        if let expected = WholeNumber.expectation(of: text, within: range) { throw error(expected: expected) }
        return text.first == "+" ? String(text.dropFirst()) : text
    }

    func flag() throws -> Bool {
        guard kind == .bool, let value = node.bool else { throw error(expected: "true or false") }
        return value
    }

    /// What a library's description makes of the value.
    ///
    /// - Throws: `RecipeError` for what the description refuses.
    func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        do { return try JSONDecoder().decode(type, from: Data(json().utf8)) } catch let fault as ConfigurationError {
            throw error(fault)
        } catch let fault as DecodingError {
            let fault = DecodingFault(fault)
            let value = descending(fault.path[...]).value
            throw value.error(fault.problem(found: value.summary) + (fault.expected == "text" ? value.quotes : ""))
        }
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
            case .int: return try digits()
            case .float: return "\(try number())"
            case .bool: return "\(try flag())"
            case .null: return "null"
            default: return try jsonText(scalar.string)
            }
        case .alias: throw error(expected: "a value")
        }
    }

    /// What stands where keys lead from here, as far as they do, and the keys that are left.
    func descending(_ keys: ArraySlice<ConfigurationError.Key>) -> (
        value: RecipeNode, rest: ArraySlice<ConfigurationError.Key>
    ) {
        guard let key = keys.first else { return (self, keys) }
        let next: RecipeNode? =
            switch key {
            case .name(let name):
                node.mapping?[name].map {
                    RecipeNode(file: file, node: $0, path: path.isEmpty ? name : "\(path).\(name)", isFile: isFile)
                }
            case .index(let index):
                node.sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil }.map {
                    RecipeNode(file: file, node: $0, path: "\(path)[\(index)]", isFile: isFile)
                }
            }
        return next?.descending(keys.dropFirst()) ?? (self, keys)
    }
}

extension YamlError {
    /// As every other fault in a file.
    fileprivate func located(in file: String, text: String) -> RecipeError {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            RecipeError(file: file, line: mark.line, problem: "no YAML in one document: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            Self.duplicate(keys.first.map { "\($0)" } ?? "", in: text, file: file, start: context.mark.line)
        default: RecipeError(file: file, problem: "no YAML in UTF-8")
        }
    }

    /// - Parameter start: the line of the mapping that has the key twice.
    private static func duplicate(_ key: String, in text: String, file: String, start: Int) -> RecipeError {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().filter { number, line in
            number + 1 >= start && line.drop { $0 == " " }.hasPrefix(key + ":")
        }.map { $0.offset + 1 }
        // A mapping within another may have the key too, and one in braces has all in a line.
        guard lines.count == 2 else {
            return RecipeError(file: file, line: start, place: key, problem: "comes twice; leave one of them out")
        }
        return RecipeError(
            file: file, place: key, problem: "comes twice, in lines \(lines[0]) and \(lines[1]); leave one of them out")
    }
}
