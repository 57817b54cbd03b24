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
    static func all(of command: any ParsableArguments, isParsed: Bool) -> [Setting] {
        Mirror(reflecting: command).children.flatMap { child -> [Setting] in
            if let group = child.value as? any SettingGroup {
                return all(of: isParsed ? group.parsed : group.unparsed, isParsed: isParsed)
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

/// A property of a command that takes arguments.
private protocol SettingProperty {
    /// Whether it may come several times, and all of them count.
    var isList: Bool { get }
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

    private func text(_ value: RecipeNode, as type: Any.Type) throws -> String {
        switch type {
        case let optional as any OptionalValue.Type: return try text(value, as: optional.wrapped)
        case let structure as any RecipeValue.Type: return try structure.argument(value)
        case is String.Type: return try value.text()
        case is any BinaryInteger.Type: return try value.digits()
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
