import ArgumentParser

@main
struct RetortCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort", abstract: "Distils small, fast image models for a plain CPU.")
}
