import ArgumentParser
import Foundation
import Retort

@main
struct RetortCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort",
        abstract: "Distils small, fast image models for a plain CPU.",
        discussion: "Begin with `retort demo`: it does the whole job on embedded digits and writes a report.",
        version: "0.1.0",
        subcommands: [
            DemoCommand.self,
            TrainCommand.self,
            DistillCommand.self,
            QuantizeCommand.self,
            PruneCommand.self,
            ExportCommand.self,
            RunCommand.self,
            EvaluateCommand.self,
            PredictCommand.self,
            AugmentCommand.self,
            PackCommand.self,
            InfoCommand.self,
        ])

    /// Runs a command line, with the recipe in it that it names.
    static func main() {
        StandardStream.prepare()
        do {
            let line = joiningNegativeNumbers(in: try ProgramArguments.texts())
            try run(line, named: commands(in: line))
        } catch { end(error) }
        BLAS.exit(0)
    }

    /// - Parameter commands: those that the line begins with.
    private static func run(_ line: [String], named commands: [any ParsableCommand.Type]) throws {
        var recipe: Recipe?
        func refusal(of fault: ConfigurationError) -> any Error {
            recipe?.located(fault) ?? WrongUsage("--\(fault.ofOption)", of: commands)
        }
        do {
            try checkCommand(in: line, after: commands)
            if let type = commands.last {
                try Setting.checkNumbers(in: line, of: type.init())
                recipe = try Recipe(for: line, of: type)
            }
            var command = try parseAsRoot(recipe?.arguments ?? line)
            try Setting.check(command)
            try IdleOption.check(command)
            let files = Setting.files(of: command)
            try NamedFile.check(files)
            try refuseOthersFiles(asOutputs: files)
            do { try command.run() } catch let fault as ConfigurationError {
                // What an option says is wrong usage, also where the data show it.
                let names = Setting.all(of: command, isParsed: true).map(\.name)
                guard case .name(let name) = fault.ofOption.path.first, names.contains(name) else {
                    throw RunError(description: "\(fault)")
                }
                throw fault
            }
        } catch let fault as ConfigurationError {
            throw refusal(of: fault)
        } catch let fault as FormatError where fault.file.hasPrefix("--") {
            // A missing file is no wrong usage, and where a recipe names it, its line says more.
            let setting = ConfigurationError([.name(String(fault.file.dropFirst(2)))], fault.problem)
            if let located = recipe?.located(setting) { throw located }
            throw fault
        } catch let fault as NamedFile.Fault {
            throw WrongUsage("\(fault)", of: commands)
        } catch let fault as ValidationError {
            throw WrongUsage(fault.message, of: commands)
        }
    }

    /// The commands that a line begins with, each one of those before; none for a name that no command has.
    private static func commands(in line: [String]) -> [any ParsableCommand.Type] {
        var found: [any ParsableCommand.Type] = []
        for name in line {
            let commands = (found.last ?? Self.self).configuration.subcommands
            guard let next = commands.first(where: { $0.configuration.commandName == name }) else { break }
            found.append(next)
        }
        return found
    }

    /// Refuses a word in the place of a command that is none.
    private static func checkCommand(in line: [String], after commands: [any ParsableCommand.Type]) throws {
        let known = (commands.last ?? Self.self).configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !known.isEmpty, let word = line.dropFirst(commands.count).first, !word.hasPrefix("-"), word != "help"
        else { return }
        throw ValidationError("'\(word)' is no command\(word.question(among: known))")
    }

    /// Refuses to write a model over a picture, a text or an archive, which nobody means.
    private static func refuseOthersFiles(asOutputs files: [NamedFile]) throws {
        for file in files where ["--output", "--onnx"].contains(file.option) {
            guard let kind = try? FileKind(InputFile.start(of: FilePath(URL(fileURLWithPath: file.path)))),
                kind.isImage || [.text, .zip, .gzip, .tar].contains(kind)
            else { continue }
            throw ConfigurationError(
                [.name(String(file.option.dropFirst(2)))],
                "\(file.path) is \(kind.singular) that is there already; give another name, or remove it")
        }
    }

    /// An option and the negative number after it in one, as the parser takes every other dash for an option's.
    private static func joiningNegativeNumbers(in line: [String]) -> [String] {
        line.reduce(into: []) { joined, argument in
            // A number, or what begins with one, as the normalization -1-1.
            let isValue =
                argument.hasPrefix("-") && (argument.dropFirst().first?.isNumber == true || Double(argument) != nil)
            if isValue, let last = joined.last, last.hasPrefix("--"), last.count > 2, !last.contains("=") {
                joined[joined.count - 1] += "=\(argument)"
            } else {
                joined.append(argument)
            }
        }
    }

    /// A message of the parser without an option that it takes for meant where the names have little in common.
    private static func plausible(_ text: String) -> String {
        guard let found = text.firstMatch(of: /^Error: Unknown option '--([^']+)'(\. Did you mean '--([^']+)'\?)/),
            String(found.1).question(among: [String(found.3)]).isEmpty
        else { return text }
        return text.replacingCharacters(in: found.2.startIndex..<found.2.endIndex, with: "")
    }

    /// Says what ended the command, an error or a request for help, and ends the program.
    private static func end(_ error: any Error) -> Never {
        let (text, code) = (plausible(fullMessage(for: error)), exitCode(for: error))
        switch error {
        case let fault as ProgramArguments.Fault: end(ValidationError("\(fault)"))
        case let fault as WrongUsage:
            StandardStream.say("\(fault)")
            BLAS.exit(ExitCode.validationFailure.rawValue)
        case _ where code.isSuccess:
            do { try StandardStream.write(text + "\n") } catch { end(error) }
        // Where it is no wrong usage, whose help follows, the error is one line.
        case _ where !text.isEmpty: StandardStream.say(code == .failure ? text.shown : text)
        default: break
        }
        BLAS.exit(code.rawValue)
    }
}

/// Options that no command can follow, with the usage of the one that they were given to, in the form of the parser.
private struct WrongUsage: Error, CustomStringConvertible {
    let description: String

    /// - Parameter commands: from the first on the way to the one that the options were given to.
    init(_ problem: String, of commands: [any ParsableCommand.Type]) {
        let usage = RetortCommand.usageString(for: commands.last ?? RetortCommand.self)
        let names = (["retort"] + commands.compactMap { $0.configuration.commandName }).joined(separator: " ")
        description = "Error: \(problem)\nUsage: \(usage)\n  See '\(names) --help' for more information."
    }
}

/// What a library calls a setting and no option of the command sets: an error, but no wrong usage.
private struct RunError: Error, CustomStringConvertible {
    let description: String
}
