import ArgumentParser
import Foundation
import Retort

/// `retort augment write`.
struct WriteCommand: ParsableCommand, CheckedOptions, FileOptions, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes augmented images as files, with what lies in them, for any trainer.",
        discussion: """
            The training images of --data become DIR/images/CLASS/NAME-1.png, NAME-2.png and so on; --targets become \
            DIR/labels/CLASS/NAME-1.txt, boxes and points as YOLO has them, and NAME-1.png, a label for each pixel. \
            'retort augment preview' shows the same: --data DIR/images --targets DIR/labels.
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var targets: TargetOptions
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The folder to write, which is empty or not there yet.", valueName: "DIR"))
    var out: String

    @Option(help: ArgumentHelp("Augmented images of each image.", valueName: "NUMBER"))
    var copies = 1

    @Option(
        help: ArgumentHelp(
            "Sides in pixels that the images of a folder of PNG or JPEG files are brought to. (default: 224)",
            valueName: "PIXELS|HEIGHTxWIDTH"), transform: ImageSides.init(argument:))
    var imageSize: ImageSides?

    static let wholeNumbers = ["copies": WholeNumber.Range(1...1000)]

    var files: [NamedFile] { [NamedFile("--out", out, .folder(files: []))] }

    func check() throws {
        try targets.check(beside: data)
        let present = (try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []
        guard present.isEmpty else {
            throw ConfigurationError(["out"], "\(out) holds files; name an empty folder, or one that is not there yet")
        }
    }

    func run() throws {
        common.apply()
        let policy = try policy.read()
        let annotations = try targets.folder()
        let images = try data.read(as: WantedImages(asked: imageSize, usual: 224)).train
        let paths = try annotations == nil ? data.pathsIfAny : data.trainingPaths()
        var writer = AugmentedFolder(
            URL(fileURLWithPath: out), names: fileNames(of: images, paths: paths),
            annotations: annotations.map { folder in (folder, images.sampleIDs.map { paths?[$0] ?? "" }) })
        for first in stride(from: 0, to: images.count, by: 64) {
            let places = Array(first..<min(first + 64, images.count))
            try writer.write(
                images.images(at: places[...]), at: places, through: policy, copies: copies, seed: common.seed)
        }
        try annotations?.check(writer.unannotated, of: images.count)
        try writer.result.show(asJSON: common.json)
    }
}
