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
            EvaluateCommand.self,
            PredictCommand.self,
            AugmentCommand.self,
            InfoCommand.self,
        ])

    /// Runs a command line, with the recipe in it that it names.
    static func main() {
        let line = Array(CommandLine.arguments.dropFirst())
        do {
            let recipe = try Recipe(for: line)
            var command = try parseAsRoot(recipe?.arguments ?? line)
            do { try Setting.check(command) } catch let fault as ConfigurationError {
                if let located = recipe?.located(fault) { throw located }
                let usage = usageString(for: type(of: command))
                FileHandle.standardError.write(Data("Error: --\(fault.ofOption)\n\(usage)\n".utf8))
                Foundation.exit(ExitCode.validationFailure.rawValue)
            }
            do { try command.run() } catch let fault as ConfigurationError {
                if let located = recipe?.located(fault) { throw located }
                let names = Setting.all(of: command, isParsed: true).map(\.name)
                guard case .name(let name) = fault.ofOption.path.first, names.contains(name) else { throw fault }
                throw OptionError(text: "--\(fault.ofOption)")
            }
        } catch { exit(withError: error) }
    }
}

/// An option's value that turned out to be of no use in the work: an error, but no wrong usage.
private struct OptionError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
