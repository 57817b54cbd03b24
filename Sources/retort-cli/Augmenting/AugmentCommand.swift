import ArgumentParser
import Foundation
import Retort

/// `retort augment`.
struct AugmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "augment", abstract: "Looks at a policy before it is used: what it draws, what it costs.",
        subcommands: [PreviewCommand.self, CostCommand.self])
}

/// The policy that a command is about.
struct PolicyOptions: ParsableArguments, FileOptions {
    @Option(help: ArgumentHelp("The policy, in JSON.", valueName: "FILE.json"))
    var policy: String

    var files: [NamedFile] { [NamedFile("--policy", policy, .read)] }

    /// Reads the policy.
    ///
    /// - Throws: `FormatError` with the file and the path of the fault in it.
    func read() throws -> AugmentationPolicy {
        try AugmentationPolicy(json: InputFile.read(URL(fileURLWithPath: policy)), file: policy)
    }
}
