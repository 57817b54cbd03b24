import Foundation
import Retort
import Yams

/// An augmentation: the name of one that the library has ready, a policy's file, or the policy itself in the structure
/// that policy files have.
struct AugmentOption: RecipeValue, CustomStringConvertible {
    private enum Content {
        case named(String)
        case policy(AugmentationPolicy)
    }

    /// What help calls the value.
    static let valueName = (AugmentationPolicy.allNames + ["none", "FILE.json"]).joined(separator: "|")

    private let content: Content
    let node: Node

    /// No augmentation.
    static var none: Self { Self(content: .named("none"), node: Node("none")) }

    private init(content: Content, node: Node) {
        self.content = content
        self.node = node
    }

    init(_ value: RecipeNode) throws {
        node = value.node
        guard !value.isScalar else {
            content = .named(try value.text())
            return
        }
        // More than a policy of as many places as there may be has.
        try value.checkCount(atMost: 50_000)
        do {
            content = .policy(try AugmentationPolicy(json: Data(try value.json().utf8)))
        } catch let fault as FormatError {
            throw value.error(
                ConfigurationError(Self.keys(fault.place), fault.problem))
        }
    }

    /// The keys of a place in a policy, `operations[2].rotate`.
    private static func keys(_ place: String) -> [ConfigurationError.Key] {
        place.split { ".[".contains($0) }.map { part in
            part.last == "]" ? Int(part.dropLast()).map { .index($0) } ?? .name(String(part)) : .name(String(part))
        }
    }

    /// A word is a name or a file whatever YAML would make of it; a policy begins with a brace, or is a recipe's YAML.
    init(argument: String) throws {
        guard argument.contains(where: \.isNewline) || argument.hasPrefix("{") else {
            self.init(content: .named(argument), node: Node(text: argument))
            return
        }
        try self.init(RecipeNode(text: argument, file: "", isFile: false))
    }

    /// The policy's file; nil for one that needs none.
    var file: String? {
        guard case .named(let name) = content, name != "none", !AugmentationPolicy.allNames.contains(name) else {
            return nil
        }
        return name
    }

    /// The policy; nil for none.
    ///
    /// - Throws: `FormatError` for a file that cannot be read or is no policy.
    func policy() throws -> AugmentationPolicy? {
        switch content {
        case .policy(let policy): policy
        case .named("none"): nil
        case .named(let name): try AugmentationPolicy.read(name)
        }
    }

    /// - Throws: `ConfigurationError` for a name that is neither one of the library's nor a file's.
    func check() throws {
        if let file { try AugmentationPolicy.check(file, option: "augment", beside: ["none"]) }
    }

    var description: String {
        switch content {
        case .named(let name): name
        case .policy: "a policy"
        }
    }
}

extension AugmentationPolicy {
    /// Refuses a name that is neither that of a policy nor of a file.
    ///
    /// - Parameter others: names that the option takes too.
    /// - Throws: `ConfigurationError` with the option, `FormatError` for a file that is missing.
    static func check(_ name: String, option: String, beside others: [String] = []) throws {
        guard named(name) == nil, !FileManager.default.fileExists(atPath: name) else { return }
        // What looks like a file is one that is missing.
        if name.contains("/") || name.hasSuffix(".json") {
            throw FormatError(file: "--\(option)", problem: "there is no file \(name)")
        }
        let names = others + allNames
        throw ConfigurationError(
            [.name(option)],
            "'\(name)' found, \(names.joined(separator: ", ")) or a policy's file in JSON expected"
                + name.question(among: names))
    }

    /// The policy of that name, or that of a file.
    ///
    /// - Throws: `FormatError` for a file that cannot be read or is no policy.
    static func read(_ name: String) throws -> AugmentationPolicy {
        try named(name) ?? AugmentationPolicy(json: InputFile.read(URL(fileURLWithPath: name)), file: name)
    }
}
