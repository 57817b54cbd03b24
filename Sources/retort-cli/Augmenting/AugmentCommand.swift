import ArgumentParser
import Foundation
import Retort

/// `retort augment`.
struct AugmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "augment", abstract: "Looks at a policy before it is used, and writes what it draws.",
        subcommands: [PreviewCommand.self, CostCommand.self, WriteCommand.self])
}

/// The policy that a command is about.
struct PolicyOptions: ParsableArguments, CheckedOptions, FileOptions {
    @Option(
        help: ArgumentHelp(
            "The policy: one that is made for a task, or a file in JSON.",
            valueName: (AugmentationPolicy.allNames + ["FILE.json"]).joined(separator: "|")))
    var policy: String

    var files: [NamedFile] {
        AugmentationPolicy.allNames.contains(policy) ? [] : [NamedFile("--policy", policy, .read)]
    }

    func check() throws { try AugmentationPolicy.check(policy, option: "policy") }

    /// Reads the policy.
    ///
    /// - Throws: `FormatError` with the file and the path of the fault in it.
    func read() throws -> AugmentationPolicy { try AugmentationPolicy.read(policy) }
}
