import ArgumentParser
import Foundation
import Retort

/// `retort augment write`.
struct WriteCommand: ParsableCommand, CheckedOptions, FileOptions, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes augmented images as files, with what lies in them, for any trainer.",
        discussion: """
            The training images of --data become DIR/images/CLASS/NAME-1.png, NAME-2.png and so on; --targets become \
            DIR/labels/CLASS/NAME-1.txt, boxes and points as YOLO has them, and NAME-1.png, a label for each pixel; \
            of a file as COCO has it boxes and points become DIR/annotations.json. Images may also lie in one folder \
            without classes. 'retort augment preview' shows the same: --data DIR/images --targets DIR/labels.
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var targets: TargetOptions
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The folder to write, which is empty or not there yet.", valueName: "DIR"))
    var out: String

    /// Forms of boxes and points in files.
    enum TargetsFormat: String, ExpressibleByArgument, CaseIterable { case coco, yolo }

    @Option(
        help: ArgumentHelp(
            "Whether boxes and points become one file as COCO has it, or YOLO's text files. (default: as --targets are)"
        ))
    var targetsFormat: TargetsFormat?

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
        if let targetsFormat, targets.targets == nil || targetsFormat == .coco && !targets.isFile {
            throw ConfigurationError(
                ["targets-format"],
                targets.targets == nil
                    ? "has no effect without --targets; leave it out"
                    : "coco found, yolo expected where --targets is a folder, which names no categories")
        }
        let present = (try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []
        guard present.isEmpty else {
            throw ConfigurationError(["out"], "\(out) holds files; name an empty folder, or one that is not there yet")
        }
    }

    func run() throws {
        common.apply()
        let policy = try policy.read()
        let annotations = try targets.open()
        let pictures = try data.pictures(as: WantedImages(asked: imageSize, usual: 224), named: annotations != nil)
        let images = pictures.images
        let coco =
            targetsFormat == .yolo
            ? nil : (annotations as? COCOTargets).map { COCOWriter(categories: $0.file.categories) }
        var writer = AugmentedFolder(
            URL(fileURLWithPath: out), images, paths: pictures.paths, annotations: annotations,
            rules: try targets.rules(for: annotations),
            coco: coco)
        for first in stride(from: 0, to: images.count, by: 64) {
            try writer.write(
                Array(first..<min(first + 64, images.count)), through: policy, copies: copies, seed: common.seed)
        }
        try writer.finish()
        try annotations?.check(writer.unannotated, of: images.count)
        try writer.result.show(asJSON: common.json)
    }
}
