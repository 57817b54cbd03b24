import ArgumentParser
import Foundation
import Retort

/// `synergy report`.
struct SynergyReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Makes tables and plots of the results that are there; trains nothing.",
        discussion: "Writes synergy-tables.md and, beside it, a folder synergy with pictures and a line for each run.")

    @OptionGroup var common: StudyOptions

    @Option(help: ArgumentHelp("Folder that `run` wrote to.", valueName: "DIR"))
    var results = "retort-synergy"

    @Option(help: ArgumentHelp("Folder for tables and plots. (default: that of the results)", valueName: "DIR"))
    var output: String?

    func run() throws {
        common.apply()
        let store = SynergyStore(folder: URL(fileURLWithPath: results, isDirectory: true))
        let found = SynergyResults(try store.results())
        let findings = found.settings.map { SynergyFindings($0, in: found) }
        guard !findings.isEmpty else {
            throw FormatError(
                file: results, found: "\(found.all.count) results, none of an arm with augmentation and a teacher",
                expected: "those of `synergy run`")
        }
        let folder = URL(fileURLWithPath: output ?? results, isDirectory: true)
        let pictures = folder.appendingPathComponent("synergy", isDirectory: true)
        try OutputFile.prepareFolder(pictures)
        let plots = SynergyPlots(findings: findings).files
        for (name, svg) in plots {
            try AtomicFile.write(Data(svg.utf8), to: pictures.appendingPathComponent(name))
        }
        try AtomicFile.write(Data(found.csv.utf8), to: pictures.appendingPathComponent("runs.csv"))
        let tables = SynergyTables(findings: findings, pictures: plots.map(\.name), folder: "synergy")
        let page = folder.appendingPathComponent("synergy-tables.md")
        try AtomicFile.write(Data(tables.page.utf8), to: page)
        try common.show(SynergyReportResult(file: page.path, runs: found.all.count, settings: findings))
    }
}

/// What `synergy report` prints.
private struct SynergyReportResult: Encodable, CustomStringConvertible {
    let file: String
    let runs: Int
    let settings: [SynergyFindings]

    var description: String {
        let rows = settings.map { one in
            [
                one.setting.title, "\(one.logInteraction.values.count)", fixed(one.logInteraction.mean, 2),
                one.logInteraction.interval.map { "\(fixed($0.lowerBound, 2)) to \(fixed($0.upperBound, 2))" } ?? "–",
                one.verdict,
            ]
        }
        let table = TextTable(rows: [["setting", "seeds", "log interaction", "95 %", "together"]] + rows)
        return "\(table)\n\(file): \(runs) runs"
    }
}
