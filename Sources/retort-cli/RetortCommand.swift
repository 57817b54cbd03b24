import ArgumentParser

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
            do {
                var command = try parseAsRoot(recipe?.arguments ?? line)
                try command.run()
            } catch {
                throw recipe?.located(error) ?? error
            }
        } catch { exit(withError: error) }
    }
}
