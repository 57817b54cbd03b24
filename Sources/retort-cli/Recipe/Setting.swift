import ArgumentParser
import Retort
import Yams

/// An option or flag of a command, which is a key of its recipes.
///
/// Found as the argument parser finds them, from the command's properties: so a recipe says all that options say, and a
/// new option is a new key without further work.
struct Setting {
    /// Without dashes.
    let name: String
    fileprivate let property: any SettingProperty

    /// What only a command line says: it changes nothing of the run.
    private static let others: Set = ["recipe", "print-recipe", "json", "threads", "version", "help"]

    /// The settings of a command, in the order of its properties.
    ///
    /// - Parameter isParsed: whether the command has its values already.
    static func all(
        of command: any ParsableArguments, isParsed: Bool, beside others: Set<String> = others
    ) -> [Setting] {
        Mirror(reflecting: command).children.flatMap { child -> [Setting] in
            if let group = child.value as? any SettingGroup {
                return all(of: isParsed ? group.parsed : group.unparsed, isParsed: isParsed, beside: others)
            }
            guard let property = child.value as? any SettingProperty, let label = child.label else { return [] }
            let name = optionName(label.drop { $0 == "_" })
            return others.contains(name) ? [] : [Setting(name: name, property: property)]
        }
    }

    /// `hard-label-weight` for `hardLabelWeight`.
    static func optionName(_ property: some StringProtocol) -> String {
        property.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
    }

    /// Checks the values of a command and of its groups of options.
    ///
    /// - Throws: `ConfigurationError` whose path begins with an option's name.
    static func check(_ command: any ParsableArguments) throws {
        for child in Mirror(reflecting: command).children {
            if let group = child.value as? any SettingGroup { try check(group.parsed) }
        }
        try (command as? any CheckedOptions)?.check()
    }

    /// What a command and its groups of options say of files.
    static func files(of command: any ParsableArguments) -> [NamedFile] {
        let own = (command as? any FileOptions)?.files ?? []
        return own
            + Mirror(reflecting: command).children.flatMap { child in
                (child.value as? any SettingGroup).map { files(of: $0.parsed) } ?? []
            }
    }

    /// Checks that whole numbers of a command line are written as those of a recipe.
    ///
    /// - Throws: `ConfigurationError` whose path begins with an option's name.
    static func checkWholeNumbers(in line: [String], of command: any ParsableArguments) throws {
        let names = all(of: command, isParsed: false, beside: []).filter(\.property.isWholeNumber).map(\.name)
        for (place, argument) in line.enumerated() where argument.hasPrefix("--") {
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(parts[1]) : line.dropFirst(place + 1).first ?? ""
            guard let name = parts.first.map(String.init), names.contains(name),
                let expected = WholeNumber.expectation(of: value)
            else { continue }
            throw ConfigurationError([.name(name)], "\(value) found, \(expected) expected")
        }
    }

    /// Whether the option may come several times, and all of them count.
    var isList: Bool { property.isList }

    /// A recipe's value as arguments.
    ///
    /// - Throws: `RecipeError` for a value of another type than the option's.
    func arguments(_ value: RecipeNode) throws -> [String] { try property.arguments(name, value) }

    /// The value of a command that was parsed, as a recipe has it; nil for one that has none.
    var node: Node? { property.node }
}

/// Options whose values may be out of range. They are checked once all are known, whether a command line or a recipe
/// has them.
protocol CheckedOptions {
    /// - Throws: `ConfigurationError` whose path begins with an option's name.
    func check() throws
}

/// Options that name files.
protocol FileOptions {
    /// Everything that the command reads and writes by these options, and would be harmed by if it were one file.
    var files: [NamedFile] { get }
}

/// A property of a command that takes arguments.
private protocol SettingProperty {
    /// Whether it may come several times, and all of them count.
    var isList: Bool { get }
    var isWholeNumber: Bool { get }
    func arguments(_ name: String, _ value: RecipeNode) throws -> [String]
    var node: Node? { get }
}

private protocol SettingGroup {
    var parsed: any ParsableArguments { get }
    var unparsed: any ParsableArguments { get }
}

extension OptionGroup: SettingGroup {
    fileprivate var parsed: any ParsableArguments { wrappedValue }
    fileprivate var unparsed: any ParsableArguments { Value() }
}

extension Flag: SettingProperty where Value == Bool {
    fileprivate var isList: Bool { false }
    fileprivate var isWholeNumber: Bool { false }

    fileprivate func arguments(_ name: String, _ value: RecipeNode) throws -> [String] {
        try value.flag() ? ["--\(name)"] : []
    }

    fileprivate var node: Node? { Node(wrappedValue ? "true" : "false") }
}

extension Option: SettingProperty {
    fileprivate func arguments(_ name: String, _ value: RecipeNode) throws -> [String] {
        let values = isList && !value.isScalar ? try value.elements(of: "a text or a list of texts") : [value]
        // With an equals sign, so that a value may begin with a dash.
        return try values.map { "--\(name)=\(try text($0, as: isList ? String.self : Value.self))" }
    }

    fileprivate var isList: Bool { Value.self is [String].Type }

    fileprivate var isWholeNumber: Bool {
        let type = (Value.self as? any OptionalValue.Type)?.wrapped ?? Value.self
        return type is any BinaryInteger.Type
    }

    private func text(_ value: RecipeNode, as type: Any.Type) throws -> String {
        switch type {
        case let optional as any OptionalValue.Type: return try text(value, as: optional.wrapped)
        case let structure as any RecipeValue.Type: return try structure.argument(value)
        case is String.Type: return try value.text()
        case let whole as any FixedWidthInteger.Type: return try value.digits(of: whole)
        case is any BinaryFloatingPoint.Type: return "\(try value.number())"
        case let word as any ExpressibleByArgument.Type:
            guard let text = value.node.scalar?.string, word.init(argument: text) != nil else {
                throw value.error(expected: "one of \(word.allValueStrings.joined(separator: ", "))")
            }
            return text
        default: throw value.error(expected: "nothing: this option is for command lines alone")
        }
    }

    fileprivate var node: Node? { Self.node(wrappedValue) }

    private static func node(_ value: Any) -> Node? {
        switch value {
        case let optional as any OptionalValue: optional.value.flatMap(node)
        case let structure as any RecipeValue: structure.node
        case let text as String: Node(text: text)
        case let texts as [String]: Node(texts.map { Node(text: $0) })
        case let word as any ExpressibleByArgument: Node(word.defaultValueDescription)
        default: nil
        }
    }
}

extension Node {
    /// A text, in quotes where YAML would take it for something else.
    init(text: String) {
        let plain = Node(text)
        self = plain.tag.rawValue == Tag.Name.str.rawValue ? plain : Node(text, Tag(.str), .singleQuoted)
    }
}

extension RecipeValue {
    /// Checks a value, and gives it back as the text of an argument.
    fileprivate static func argument(_ value: RecipeNode) throws -> String {
        let node = try Self(value).node
        return try node.scalar?.string ?? Yams.serialize(node: node)
    }
}

private protocol OptionalValue {
    static var wrapped: Any.Type { get }
    var value: Any? { get }
}

extension Optional: OptionalValue {
    fileprivate static var wrapped: Any.Type { Wrapped.self }
    fileprivate var value: Any? { self }
}
