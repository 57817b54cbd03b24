import ArgumentParser
import Retort

/// What lies in the images of `retort augment`.
struct TargetOptions: ParsableArguments, FileOptions {
    @Option(
        help: ArgumentHelp(
            "What lies in the images: a folder with the structure of --data.",
            discussion: """
                Beside the image CLASS/NAME.jpg may stand CLASS/NAME.txt as YOLO has it, on each line a class, a box's \
                centre x, y, width and height as shares of the sides, and for each point x, y and visibility; and \
                CLASS/NAME.png, grey, with a label for each pixel, 0 for none. Labels stay when an image is mirrored: \
                a left hand is still called that.
                """, valueName: "DIR"))
    var targets: String?

    var files: [NamedFile] { targets.map { [NamedFile("--targets", $0, .data(isData: { _ in false }))] } ?? [] }

    /// Refuses images that have no such folder, and some that are left out.
    func check(beside data: DataOptions) throws {
        guard targets == nil || !data.skipBad else {
            throw ConfigurationError(
                ["targets"], "has targets for all images, so none may be left out; leave out --skip-bad")
        }
        guard targets == nil || !data.keepAspect else {
            throw ConfigurationError(
                ["targets"],
                "has places in the images as they are, and --keep-aspect pads them; leave one of the two out")
        }
    }

    /// Opens the folder.
    ///
    /// - Throws: `FormatError` where there is no such folder.
    func folder() throws -> TargetFolder? { try targets.map { try TargetFolder($0) } }
}
