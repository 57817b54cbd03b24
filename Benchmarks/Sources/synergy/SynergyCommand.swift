import ArgumentParser
import Foundation
import Retort

/// `synergy`.
@main
struct SynergyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synergy",
        abstract: "Measures whether augmentation and distillation together give more than the sum of both.",
        discussion: """
            `run` trains arms × seeds × settings and keeps each result in a file of its own; what is there is not \
            trained again, so a run that was stopped goes on where it was. `report` makes tables and plots of what is \
            there.
            """,
        subcommands: [SynergyRunCommand.self, SynergyReportCommand.self], defaultSubcommand: SynergyRunCommand.self)
}

/// `synergy run`.
struct SynergyRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Trains what is missing, the most important first.")

    @OptionGroup var common: StudyOptions

    @Option(
        help: ArgumentHelp(
            "Study to run; may be given several times. (default: all)",
            discussion: SynergyStudy.all.map(\.name).joined(separator: ", "), valueName: "NAME"))
    var study: [String] = []

    @Option(
        help: ArgumentHelp(
            "Arm to train; may be given several times. (default: all of a study's)",
            discussion: SynergyArm.allCases.map(\.rawValue).joined(separator: ", "), valueName: "NAME"))
    var arm: [SynergyArm] = []

    @Option(help: "Runs of each arm, with seeds from --seed on.")
    var seeds = 5

    @Option(
        help: "Training steps of each student instead of the study's, for a quick look; the teacher takes a third more."
    )
    var steps: Int?

    @Option(
        help: ArgumentHelp(
            "Folder that holds 'mnist' and 'cifar-10-batches-bin'. (default: $RETORT_DATA)", valueName: "DIR"))
    var data: String?

    @Option(help: ArgumentHelp("Folder for results and teachers.", valueName: "DIR"))
    var output = "retort-synergy"

    func validate() throws {
        try check("seeds", seeds, 1...1000)
        if let steps { try check("steps", steps, 1...1_000_000) }
        _ = try studies()
    }

    func run() throws {
        common.apply()
        let start = Date()
        let store = SynergyStore(folder: URL(fileURLWithPath: output, isDirectory: true))
        let cells = try cells()
        let root = data ?? ProcessInfo.processInfo.environment["RETORT_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        var run = SynergyRun(store: store, root: root.map { URL(fileURLWithPath: $0, isDirectory: true) })
        let missing = try run.missing(cells)
        try store.prepare()
        for (number, cell) in missing.enumerated() {
            let count = "\(number + 1)/\(missing.count)"
            let result = try run.run(cell, title: count)
            let spent = Date().timeIntervalSince(start)
            let left = spent / Double(number + 1) * Double(missing.count - number - 1)
            ProgressBar.say(
                "\(count) \(cell.name): test \(fixed(result.accuracy * 100, 2)) %, \(fixed(result.seconds, 1)) s, "
                    + "\(ProgressBar.clock(left)) left\(PeakMemory.text(PeakMemory.bytes))")
        }
        try common.show(
            SynergyRunResult(
                runs: cells.count, trained: missing.count, seconds: Date().timeIntervalSince(start),
                peakBytes: PeakMemory.bytes, output: output))
    }

    private func studies() throws -> [SynergyStudy] {
        let names = SynergyStudy.all.map(\.name)
        if let unknown = study.first(where: { !names.contains($0) }) {
            throw ValidationError("--study: '\(unknown)' found, one of \(names.joined(separator: ", ")) expected")
        }
        return SynergyStudy.all.filter { study.isEmpty || study.contains($0.name) }
    }

    /// All runs asked for, each once.
    private func cells() throws -> [SynergyCell] {
        let seeds = (0..<UInt64(seeds)).map { common.seed + $0 }
        var seen: Set<SynergyCell> = []
        return try studies().flatMap { study in
            var study = study
            if let steps { study.settings = study.settings.map { $0.shortened(to: steps) } }
            if !arm.isEmpty { study.arms = study.arms.filter(arm.contains) }
            return study.cells(seeds: seeds)
        }.filter { seen.insert($0).inserted }
    }
}

/// What `synergy run` prints.
private struct SynergyRunResult: Encodable, CustomStringConvertible {
    /// All that were asked for, and those of them that were trained now.
    let runs, trained: Int
    let seconds: Double
    /// Highest resident memory of the process; nil where the system does not tell.
    let peakBytes: Int?
    let output: String

    var description: String {
        "\(output): \(runs) runs, \(trained) of them trained now, \(ProgressBar.clock(seconds)) min"
            + PeakMemory.text(peakBytes)
    }
}
