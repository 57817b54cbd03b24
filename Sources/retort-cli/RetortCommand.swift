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
            InfoCommand.self,
        ])

    /// Runs a command line, with the recipe in it that it names.
    static func main() {
        StandardStream.prepare()
        do {
            let line = joiningNegativeNumbers(in: try ProgramArguments.texts())
            if let type = named(in: line) {
                do { try Setting.checkWholeNumbers(in: line, of: type.init()) } catch let fault as ConfigurationError {
                    throw WrongUsage("--\(fault.ofOption)", of: type)
                }
            }
            let recipe = try Recipe(for: line)
            var command = try parseAsRoot(recipe?.arguments ?? line)
            do {
                try Setting.check(command)
                try IdleOption.check(command)
            } catch let fault as ConfigurationError {
                throw recipe?.located(fault) ?? WrongUsage("--\(fault.ofOption)", of: type(of: command))
            }
            do { try NamedFile.check(Setting.files(of: command)) } catch let fault as NamedFile.Fault {
                throw WrongUsage("\(fault)", of: type(of: command))
            }
            do { try command.run() } catch let fault as ConfigurationError {
                if let located = recipe?.located(fault) { throw located }
                let names = Setting.all(of: command, isParsed: true).map(\.name)
                guard case .name(let name) = fault.ofOption.path.first, names.contains(name) else { throw fault }
                throw OptionError(text: "--\(fault.ofOption)")
            }
        } catch { end(error) }
        BLAS.exit(0)
    }

    /// The command that a line begins with, which may be one of another's; nil for a name that none has.
    private static func named(in line: [String]) -> (any ParsableCommand.Type)? {
        var found: (any ParsableCommand.Type)?
        for name in line {
            let commands = (found ?? Self.self).configuration.subcommands
            guard let next = commands.first(where: { $0.configuration.commandName == name }) else { break }
            found = next
        }
        return found
    }

    /// An option and the negative number after it in one, as the parser takes every other dash for an option's.
    private static func joiningNegativeNumbers(in line: [String]) -> [String] {
        line.reduce(into: []) { joined, argument in
            if argument.hasPrefix("-"), Double(argument) != nil, let last = joined.last, last.hasPrefix("--"),
                last.count > 2, !last.contains("=")
            {
                joined[joined.count - 1] += "=\(argument)"
            } else {
                joined.append(argument)
            }
        }
    }

    /// Says what ended the command, an error or a request for help, and ends the program.
    private static func end(_ error: any Error) -> Never {
        let (text, code) = (fullMessage(for: error), exitCode(for: error))
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

/// Options that no command can follow, with the usage of the one that they were given to.
private struct WrongUsage: Error, CustomStringConvertible {
    let description: String

    init(_ problem: String, of command: any ParsableCommand.Type) {
        description = "Error: \(problem)\n\(RetortCommand.usageString(for: command))"
    }
}

/// An option's value that turned out to be of no use in the work: an error, but no wrong usage.
struct OptionError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
