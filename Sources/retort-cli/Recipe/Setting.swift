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
    /// From where to where it may be; nil for anything but a whole number.
    fileprivate let range: WholeNumber.Range?

    /// What only a command line says: it changes nothing of the run.
    static let ofCommandLine: Set = ["recipe", "print-recipe", "json", "threads", "version", "help"]

    /// The settings of a command, in the order of its properties.
    ///
    /// - Parameter isParsed: whether the command has its values already.
    static func all(
        of command: any ParsableArguments, isParsed: Bool, beside others: Set<String> = ofCommandLine
    ) -> [Setting] {
        let ranges = (command as? any WholeNumberOptions).map { type(of: $0).wholeNumbers } ?? [:]
        return Mirror(reflecting: command).children.flatMap { child -> [Setting] in
            if let group = child.value as? any SettingGroup {
                return all(of: isParsed ? group.parsed : group.unparsed, isParsed: isParsed, beside: others)
            }
            guard let property = child.value as? any SettingProperty, let label = child.label else { return [] }
            let name = optionName(label.drop { $0 == "_" })
            guard !others.contains(name) else { return [] }
            let range = property.wholeNumbers.map { ranges[name] ?? $0 }
            return [Setting(name: name, property: property, range: range)]
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

    /// Checks numbers of a command line as those of a recipe are.
    ///
    /// - Throws: `ConfigurationError` whose path begins with an option's name.
    static func checkNumbers(in line: [String], of command: any ParsableArguments) throws {
        let settings = all(of: command, isParsed: false, beside: [])
        for (place, argument) in line.enumerated() where argument.hasPrefix("--") {
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Where there is none, the parser says so.
            guard let name = parts.first.map(String.init), let setting = settings.first(where: { $0.name == name }),
                let value = parts.count > 1 ? String(parts[1]) : line.dropFirst(place + 1).first,
                !value.hasPrefix("--"), let expected = setting.expectation(of: value)
            else { continue }
            throw ConfigurationError([.name(name)], "\(value.isEmpty ? "''" : value) found, \(expected) expected")
        }
    }

    /// What is to be said to be expected in place of a text; nil for a number, and for an option of another kind.
    private func expectation(of text: String) -> String? {
        if let range { return WholeNumber.expectation(of: text, within: range) }
        return property.isReal && Double(text)?.isFinite != true ? "a number" : nil
    }

    /// Whether the option may come several times, and all of them count.
    var isList: Bool { property.isList }

    /// A recipe's value as arguments.
    ///
    /// - Throws: `RecipeError` for a value of another type than the option's.
    func arguments(_ value: RecipeNode) throws -> [String] { try property.arguments(name, value, range) }

    /// The value of a command that was parsed, as a recipe has it; nil for one that has none.
    var node: Node? { property.node }

    /// What does not decide what comes out of a run.
    private static let ofFiles: Set = [
        "output", "checkpoint", "checkpoint-every", "keep-checkpoints", "teacher-cache", "memory",
    ]

    /// What a run of a command that was parsed depends on: the command, and the values of its options by their names
    /// with dashes.
    static func texts(of command: any ParsableCommand) throws -> [String: String] {
        var texts = [CheckpointKeeping.command: type(of: command).configuration.commandName ?? ""]
        for setting in all(of: command, isParsed: true, beside: ofCommandLine.union(ofFiles)) {
            guard let node = setting.node else { continue }
            texts["--\(setting.name)"] = try node.scalar?.string ?? node.words ?? Yams.serialize(node: node)
        }
        return texts
    }
}

/// Options whose values may be out of range. They are checked once all are known, whether a command line or a recipe
/// has them.
protocol CheckedOptions {
    /// - Throws: `ConfigurationError` whose path begins with an option's name.
    func check() throws
}

/// Options that are whole numbers within ranges, which are checked before they are parsed, whether a command line or a
/// recipe has them.
protocol WholeNumberOptions {
    /// By the names of the options, without dashes; of another option any number that its type holds is taken.
    static var wholeNumbers: [String: WholeNumber.Range] { get }
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
    /// All that the type holds; nil for anything but a whole number.
    var wholeNumbers: WholeNumber.Range? { get }
    /// Whether it is a number that need not be whole.
    var isReal: Bool { get }
    func arguments(_ name: String, _ value: RecipeNode, _ range: WholeNumber.Range?) throws -> [String]
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
    fileprivate var wholeNumbers: WholeNumber.Range? { nil }
    fileprivate var isReal: Bool { false }

    fileprivate func arguments(_ name: String, _ value: RecipeNode, _ range: WholeNumber.Range?) throws -> [String] {
        try value.flag() ? ["--\(name)"] : []
    }

    fileprivate var node: Node? { Node(wrappedValue ? "true" : "false") }
}

extension Option: SettingProperty {
    fileprivate func arguments(_ name: String, _ value: RecipeNode, _ range: WholeNumber.Range?) throws -> [String] {
        let values = isList && !value.isScalar ? try value.elements(of: "a text or a list of texts") : [value]
        // With an equals sign, so that a value may begin with a dash.
        return try values.map { "--\(name)=\(try text($0, as: isList ? String.self : Value.self, range))" }
    }

    fileprivate var isList: Bool { Value.self is [String].Type }

    fileprivate var wholeNumbers: WholeNumber.Range? {
        (valueType as? any (FixedWidthInteger & Sendable).Type).map { WholeNumber.Range(of: $0) }
    }

    fileprivate var isReal: Bool { valueType is any BinaryFloatingPoint.Type }

    private var valueType: Any.Type { (Value.self as? any OptionalValue.Type)?.wrapped ?? Value.self }

    private func text(_ value: RecipeNode, as type: Any.Type, _ range: WholeNumber.Range?) throws -> String {
        if let range { return try value.digits(within: range) }
        switch type {
        case let optional as any OptionalValue.Type: return try text(value, as: optional.wrapped, nil)
        case let structure as any RecipeValue.Type: return try structure.argument(value)
        case is String.Type: return try value.text()
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

    /// The texts of a list of nothing else, with commas between them.
    fileprivate var words: String? {
        sequence.flatMap { list in
            list.allSatisfy { $0.scalar != nil } ? list.compactMap(\.string).joined(separator: ", ") : nil
        }
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
