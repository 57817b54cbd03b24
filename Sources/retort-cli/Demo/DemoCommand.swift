import ArgumentParser
import Foundation
import Retort

/// `retort demo`.
struct DemoCommand: ParsableCommand, FileOptions, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Distils a student on embedded digits in six ways, prunes and quantises the best, and reports.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var data: DataOptions

    @Option(help: "Images whose labels the student knows, over all classes.")
    var labels = 100

    @Option(help: "Factor on the strength of the augmentation.")
    var strength = 1.0

    @Option(help: "Runs, each with a seed of its own; the report gives mean and deviation.")
    var seeds = 1

    @Option(help: "Training steps of each student; the teacher takes a third more.")
    var steps = 800

    @Option(help: "Folder for the report and the models.")
    var output = "retort-report"

    func validate() throws { try checkOption("strength", strength, 0...3) }

    static let wholeNumbers = [
        "seeds": WholeNumber.Range(1...100), "steps": .init(20...1_000_000), "labels": .init(1...1_000_000),
    ]

    var files: [NamedFile] {
        [
            NamedFile("--output", output, .folder(files: DeploymentPage.files)),
            NamedFile(
                "--output", output + "/models",
                .folder(files: Arm.allCases.map { "\($0.rawValue).safetensors" })),
        ]
    }

    func run() throws {
        common.apply()
        let folder = URL(fileURLWithPath: output, isDirectory: true)
        let start = Date()
        let images = try data.read(as: WantedImages(asked: nil, usual: 32))
        try images.checkClasses()
        try images.checkValidation(for: "data")
        let settings = DemoSettings(studentSteps: steps, teacherSteps: steps * 4 / 3, strength: strength)
        var runs: [DemoRun] = []
        for number in 0..<seeds {
            let seed = common.seed + UInt64(number)
            var run = DemoRun(
                try PartlyLabelledData(images, labels: labels, seed: seed), settings: settings, seed: seed)
            try run.run { seeds == 1 ? $0.rawValue : "\($0.rawValue) (\(seed))" }
            runs.append(run)
        }
        let models = folder.appendingPathComponent("models", isDirectory: true)
        try OutputFile.prepareFolder(models)
        let summary = try DemoSummary(runs, threads: Parallel.threads, start: start, models: models)
        let json = try jsonText(summary.report)
        try AtomicFile.write(Data((json + "\n").utf8), to: folder.appendingPathComponent("report.json"))
        let page = try DemoPage(report: summary.report, views: summary.views).html()
        try AtomicFile.write(Data(page.utf8), to: folder.appendingPathComponent("report.html"))
        let minutes = ProgressBar.clock(summary.report.wallSeconds)
        let text = "\(summary.report.table)\n\(folder.relativePath)/report.html  report.json  models/   \(minutes) min"
        try StandardStream.write((common.json ? json : text.shownInLines) + "\n")
    }
}
