import ArgumentParser
import Foundation
import Retort

/// `retort augment preview`.
struct PreviewCommand: ParsableCommand, FileOptions, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Draws what a policy makes of training images, as a contact sheet.",
        discussion: """
            Rows are samples, class by class; images may also lie in one folder without classes. \
            The first column is the image as it is; then come, for each operation of \
            the policy by itself, as many columns as there are strengths; the last column is the whole policy. What \
            the columns are is printed. With --targets, boxes, points and label maps are drawn where each view has \
            them.
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The picture.", valueName: "FILE.png"))
    var out: String

    @Option(help: "Rows.")
    var samples = 8

    @Option(help: "Factors on the ranges of each operation, with commas between them.")
    var strengths = "0.5,1,1.5"

    @Option(
        help: ArgumentHelp(
            "Sides in pixels that the images of a folder of PNG or JPEG files are brought to. (default: 96)",
            valueName: "PIXELS|HEIGHTxWIDTH"), transform: ImageSides.init(argument:))
    var imageSize: ImageSides?

    @OptionGroup var targets: TargetOptions

    func validate() throws {
        do { try targets.check(beside: data) } catch { throw ValidationError("--\(error)") }
        _ = try factors()
    }

    static let wholeNumbers = ["samples": WholeNumber.Range(1...200)]

    var files: [NamedFile] { [NamedFile("--out", out, .written)] }

    func run() throws {
        common.apply()
        let policy = try policy.read()
        let annotations = try targets.open()
        let pictures = try data.pictures(as: WantedImages(asked: imageSize, usual: 96), named: annotations != nil)
        let shown = try pictures.shown(samples).loaded()
        let known = try annotations?.targets(
            of: shown.sampleIDs.map { pictures.paths?[$0] ?? "" }, height: shown.height, width: shown.width)
        let sheet = try ContactSheet(
            policy, strengths: factors(), of: shown, targets: known ?? [], by: targets.rules(for: annotations),
            seed: common.seed)
        guard sheet.pixelCount <= ImageFile.largestPixelCount else {
            throw ConfigurationError(
                ["samples"],
                "a sheet of \(sheet.pixelCount) pixels found, \(ImageFile.largestPixelCount) at most expected; give fewer "
                    + "--samples or --strengths, or a smaller --image-size")
        }
        try PNGFile.write(sheet.drawn().image(0), to: URL(fileURLWithPath: out))
        try PreviewResult(file: out, rows: sheet.rows.count, columns: sheet.columns).show(asJSON: common.json)
    }

    private func factors() throws -> [Double] {
        let factors = strengths.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard factors.count <= 16, factors.allSatisfy({ $0.map { $0 > 0 && $0 <= 3 } ?? false }) else {
            throw ValidationError("--strengths: '\(strengths)' found, numbers above 0, to 3, with commas expected")
        }
        return factors.compactMap { $0 }
    }
}

/// What `augment preview` prints.
private struct PreviewResult: CommandResult {
    let file: String
    let rows: Int
    let columns: [ContactSheet.Column]

    var text: String {
        let lines = columns.enumerated().map { number, column in "  \(number + 1)  \(column.title)" }
        return "\(file): \(rows.counted("row")); columns:\n" + lines.joined(separator: "\n")
    }
}
