import ArgumentParser
import Foundation
import Retort

/// What lies in the images of `retort augment`, and how it follows them.
struct TargetOptions: ParsableArguments, CheckedOptions, FileOptions, WholeNumberOptions {
    @Option(
        help: ArgumentHelp(
            "What lies in the images: a folder with the structure of --data, or a file as COCO has it.",
            discussion: """
                Beside the image CLASS/NAME.jpg may stand CLASS/NAME.txt as YOLO has it, on each line a class, a box's \
                centre x, y, width and height as shares of the sides, and for each point x, y and visibility; and \
                CLASS/NAME.png, grey, with a label for each pixel. A file of images, categories and annotations, such \
                as COCO's instances.json or person_keypoints.json, finds images by file_name; points whose names begin \
                with left_ and right_ change places where an image is mirrored.
                """, valueName: "DIR|FILE.json"))
    var targets: String?

    @Option(
        help: ArgumentHelp(
            "Points that change places where an image is mirrored, in pairs of their numbers from 0, such as 1:2,3:4.",
            valueName: "PAIRS"))
    var swapPoints: String?

    @Option(
        help: ArgumentHelp(
            "The label of pixels of a label map that an operation uncovers or covers, such as 255 for those that a "
                + "loss ignores. (default: 0 where they are uncovered, and covered ones keep theirs)",
            valueName: "LABEL"))
    var mapFill: Int?

    @Flag(
        help: ArgumentHelp(
            "Make label maps of the segmentations in a file as COCO has it, outlines or run lengths: the label of a "
                + "pixel is the place of its category among all by their ids, from 1."))
    var labelMaps = false

    static let wholeNumbers = ["map-fill": WholeNumber.Range(0...255)]

    var files: [NamedFile] {
        targets.map { [NamedFile("--targets", $0, isFile ? .read : .data(isData: { _ in false }))] } ?? []
    }

    /// Whether it is a file as COCO has it.
    var isFile: Bool {
        targets.map { (try? FileType(of: FilePath(URL(fileURLWithPath: $0)))) == .file } ?? false
    }

    func check() throws {
        for (name, isGiven) in [("swap-points", swapPoints != nil), ("map-fill", mapFill != nil)]
        where isGiven && targets == nil {
            throw ConfigurationError([.name(name)], "has no effect without --targets; leave it out")
        }
        guard !labelMaps || isFile else {
            throw ConfigurationError(
                ["label-maps"],
                "is for --targets that are a file as COCO has it; in a folder maps are files, leave it out")
        }
        _ = try pairs()
    }

    /// Refuses images some of which are left out.
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

    /// Opens the folder or the file.
    ///
    /// - Throws: `FormatError` where there is none, or the file is not as it should be.
    func open() throws -> (any TargetFiles)? {
        guard let targets else { return nil }
        if isFile { return try COCOTargets(targets, maps: labelMaps) }
        return try TargetFolder(targets)
    }

    /// How the targets follow the images.
    func rules(for files: (any TargetFiles)?) throws -> TargetRules {
        TargetRules(
            swaps: try pairs() ?? (files as? COCOTargets)?.file.swaps ?? PointSwaps(), mapFill: mapFill.map(UInt8.init))
    }

    private func pairs() throws -> PointSwaps? {
        guard let swapPoints else { return nil }
        let pairs = swapPoints.split(separator: ",", omittingEmptySubsequences: false).map { pair in
            pair.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        }
        let whole = pairs.compactMap { $0.count == 2 ? ($0[0], $0[1]) as? (Int, Int) : nil }
        guard whole.count == pairs.count else {
            throw ConfigurationError(
                ["swap-points"], "'\(swapPoints)' found, pairs of numbers such as 1:2,3:4 expected")
        }
        do { return try PointSwaps(whole.map { (left: $0.0, right: $0.1) }) } catch {
            throw ConfigurationError(["swap-points"], "\(error.place): \(error.problem)")
        }
    }
}
