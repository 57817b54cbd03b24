import ArgumentParser
import Foundation
import Retort
import Yams

/// The settings of a run in a YAML file: the options of `train` or `distill` by their names, without dashes.
///
/// A recipe becomes arguments that stand before those of the command line, so that both go through the same checks and
/// the command line wins. Paths are relative to the folder that the command runs in, as those of options are.
struct Recipe {
    private let root: RecipeNode
    /// The options that the command line gives itself.
    private let overridden: Set<String>
    /// The command line with the recipe in it.
    let arguments: [String]

    /// Reads the recipe that a command line names; nil if it names none.
    ///
    /// - Parameters:
    ///   - line: the arguments, the subcommand first.
    ///   - type: that of the subcommand.
    /// - Throws: `RecipeError` for a key that is no option, a value of another type, and a file that cannot be read.
    init?(for line: [String], of type: any ParsableCommand.Type) throws {
        let options = Setting.all(of: type.init(), isParsed: false, beside: [])
        guard options.contains(where: { $0.name == "recipe" }), let file = Self.file(in: line) else { return nil }
        guard !file.isEmpty else {
            throw ConfigurationError(["recipe"], "'' found, the name of a file expected")
        }
        let bytes = try InputFile.read(URL(fileURLWithPath: file))
        let text = try TextFile.decoded(bytes, file: file)
        root = try RecipeNode(text: text, file: file, isFile: true)
        let settings = options.filter { !Setting.ofCommandLine.contains($0.name) }
        let members = try root.members(settings.map(\.name), of: "a mapping from options to values") { key in
            options.contains { $0.name == key }
                ? "belongs on the command line, as --\(key): it changes nothing of the run"
                : Self.problem(ofUnknown: key, of: type, among: settings)
        }
        overridden = Set(
            line.filter { $0.hasPrefix("--") }.map { argument in
                let name = String(argument.dropFirst(2).prefix { $0 != "=" })
                return name.hasPrefix("no-") ? String(name.dropFirst(3)) : name
            })
        var own: [String] = []
        for (key, value) in members {
            guard let setting = settings.first(where: { $0.name == key }) else { continue }
            let arguments = try setting.arguments(value)
            // Of other options the last one counts, which is the command line's.
            if !setting.isList || !overridden.contains(key) { own += arguments }
        }
        arguments = line.prefix(1) + own + line.dropFirst()
    }

    /// Those that take recipes.
    private static let commands: [any ParsableCommand.Type] = [TrainCommand.self, DistillCommand.self]

    /// What to say of a key that a command does not have; nil where one of its own is near.
    private static func problem(
        ofUnknown key: String, of type: any ParsableCommand.Type, among settings: [Setting]
    ) -> String? {
        let owner = commands.first {
            $0 != type && Setting.all(of: $0.init(), isParsed: false).contains { $0.name == key }
        }
        if let owner { return "belongs to `retort \(owner.configuration.commandName ?? "")`; leave it out" }
        // Those of a command are too many for a message.
        guard key.question(among: settings.map(\.name)).isEmpty else { return nil }
        return
            "unknown key; the keys are the options that `retort \(type.configuration.commandName ?? "") --help` lists"
    }

    private static func file(in line: [String]) -> String? {
        if let place = line.lastIndex(of: "--recipe"), line.indices.contains(place + 1) { return line[place + 1] }
        return line.last { $0.hasPrefix("--recipe=") }.map { String($0.dropFirst("--recipe=".count)) }
    }

    /// An error about a setting as one about the recipe's line, if the setting's value came from there.
    func located(_ fault: ConfigurationError) -> RecipeError? {
        let fault = fault.ofOption
        guard case .name(let key) = fault.path.first, root.node.mapping?[key] != nil, !overridden.contains(key) else {
            return nil
        }
        return root.error(fault)
    }

    /// The recipe of a command that was parsed: every setting that has a value, defaults too.
    static func text(of command: any ParsableCommand) throws -> String {
        let pairs = Setting.all(of: command, isParsed: true).compactMap { setting in
            setting.node.map { (Node(setting.name), $0) }
        }
        return try Yams.serialize(node: Node(pairs), width: 120, allowUnicode: true)
    }
}

extension ConfigurationError {
    /// The same error with the name of the option that sets what a library calls otherwise.
    var ofOption: ConfigurationError {
        var error = self
        if error.path.first == "dynamics", error.path.count > 1 { error.path.removeFirst() }
        guard case .name(let name) = error.path.first else { return error }
        error.path[0] = .name(Setting.optionName(name))
        return error
    }
}
