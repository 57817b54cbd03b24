import ArgumentParser
import Foundation
import Retort

/// Where a command's images come from.
struct DataOptions: ParsableArguments, CheckedOptions, FileOptions {
    @Option(
        help: ArgumentHelp(
            "'digits' (embedded); a folder: MNIST, EMNIST or CIFAR in original files, or images; or images in a file.",
            discussion: """
                A folder of images has one subfolder of PNG or JPEG files for each class, or 'labels.csv' with each \
                file's path and class, or tar shards as WebDataset writes them (000.jpg with 000.cls; 'classes.txt' \
                beside them may name the classes), or 'train' and 'test' of these (or 'val'; of three, 'val' serves \
                validation). A table, a shard or a packed file may be given by itself. Where nothing is held out for \
                it, a tenth of the training images serves validation and, in a folder without parts, a fifth the \
                test. Which these are depends on each image's class and file name alone, so a folder may grow. \
                'retort pack' makes one file of such images, which is read in the same way.
                """, valueName: "digits|DIR|FILE"))
    var data = "digits"

    @Option(
        help: ArgumentHelp(
            "Memory for images that stay decoded, as 500MB or 2GB; others are decoded whenever they are needed "
                + "(default: a quarter of what is free).",
            valueName: "SIZE"))
    var memory: String?

    @Option(
        help: ArgumentHelp(
            "Hold out whole groups of images, such as frames of one track: what this regular expression finds in "
                + "'class/file', its first parentheses if it has some.",
            discussion: "The model's file keeps it, and commands that take the model hold out the same images.",
            valueName: "PATTERN"))
    var groupBy: String?

    @Flag(
        help: ArgumentHelp(
            "Leave out files that are no intact images, and say which.",
            discussion: """
                A file that changes or vanishes during the run is left out too, and another of its class is read in \
                its place.
                """))
    var skipBad = false

    @Flag(help: aspectHelp)
    var keepAspect = false

    /// What `--keep-aspect` does.
    static let aspectHelp = ArgumentHelp(
        "Keep the images' aspect, as of lines of text: pad them on the right instead of stretching them.",
        discussion: """
            An image that is wider than the network's is squeezed. The model's file keeps it, and commands that take the \
            model pad too; of an ONNX file from elsewhere it must be said.
            """)

    func check() throws {
        if data.isEmpty { throw ConfigurationError(["data"], "'' found, digits or the name of a folder expected") }
        if let memory, Self.bytes(memory) == nil {
            throw ConfigurationError(
                ["memory"], "'\(memory)' found, a size with its unit expected, such as 500MB or 2GB")
        }
        for (name, isAsked) in [
            ("skip-bad", skipBad), ("group-by", groupBy != nil), ("memory", memory != nil),
            ("keep-aspect", keepAspect),
        ] where isAsked {
            guard let fixed else { continue }
            throw ConfigurationError(
                [.name(name)], "has no effect on \(fixed); leave it out, or give --data a folder of PNG or JPEG images")
        }
    }

    /// The data set in words, where its images are taken as they are.
    private var fixed: String? {
        data == "digits"
            ? "the embedded digits" : DividedData.isInOriginalFiles(folder) ? "the images of \(data)" : nil
    }

    /// Refuses to bring images to a size or to grey that are taken as they are.
    ///
    /// - Throws: `ConfigurationError`.
    func check(_ wanted: WantedImages) throws {
        guard wanted.isAnythingAsked, let fixed else { return }
        try wanted.checkNone(for: fixed)
    }

    var files: [NamedFile] { data == "digits" ? [] : [NamedFile("--data", data, .data(isData: DataFolder.reads))] }

    /// Reads the images, and says what a user should know of them.
    ///
    /// - Parameter wanted: what the images of a folder of PNG or JPEG files are brought to.
    /// - Throws: `ConfigurationError` for what is wanted of images that are taken as they are.
    func read(as wanted: WantedImages) throws -> DividedData {
        try check(wanted)
        return try read(imagesAs: wanted.size.keepingAspect(keepAspect), heldOut: rule ?? .byName)
    }

    /// Reads the images for a student: at the size that is wanted, else at the first teacher's, with the classes in its
    /// order, and held out as they were when it was trained.
    func read(as wanted: WantedImages, taughtBy teachers: [StoredModel]) throws -> DividedData {
        guard let first = teachers.first else { return try read(as: wanted) }
        try check(wanted)
        let sizes = teachers.map(\.imageSize)
        let size = wanted.size(or: first.imageSize).keepingAspect(keepAspect)
        return first.ordering(
            try read(
                imagesAs: size, heldOut: rule ?? first.description.heldOut ?? .byName,
                decodedFor: sizes.reduce(size) { $0.covering($1) }))
    }

    /// How images are held out, where it is said.
    private var rule: HeldOut? { groupBy.map { .byGroup(pattern: $0) } }

    private func read(
        imagesAs size: ImageSize, heldOut rule: HeldOut, decodedFor other: ImageSize? = nil
    ) throws -> DividedData {
        if data == "digits" { return try DividedData(Digits.embedded()) }
        // Each part of a folder has a bar of its own.
        var (bar, last) = (ProgressBar.onTerminal("reading \(data)"), 0)
        let divided = try DividedData(
            folder: folder, size: size, heldOut: rule, skippingBad: skipBad, memory: memory.flatMap(Self.bytes),
            teacherSize: other,
            onLoss: {
                ProgressBar.say("\($0.file): \($0.found); from now on another of its class is read in its place")
            },
            progress: { done, all in
                if done < last { bar = ProgressBar.onTerminal("reading \(data)") }
                last = done
                bar?.update(done, of: all, counting: "image")
            })
        for line in divided.notes.lines { ProgressBar.say(line) }
        return divided
    }

    /// Reads the images as a model takes them, and holds out those that were when it was trained.
    func read(for model: StoredModel) throws -> DividedData {
        try model.fitting(
            read(
                imagesAs: model.imageSize(keepingAspect: keepAspect),
                heldOut: rule ?? model.description.heldOut ?? .byName))
    }

    /// Images to be looked at or written: those for training, or all of a folder that has no classes.
    ///
    /// - Parameters:
    ///   - wanted: as of ``read(as:)``.
    ///   - isNamed: whether they must have files of their own, to which annotations belong.
    func pictures(as wanted: WantedImages, named isNamed: Bool) throws -> Pictures {
        guard data != "digits", UnlabelledFolder.isOne(folder) else {
            let images = try read(as: wanted).train
            return Pictures(images: images, paths: try isNamed ? trainingPaths() : pathsIfAny)
        }
        for (name, isAsked) in [("skip-bad", skipBad), ("group-by", groupBy != nil)] where isAsked {
            throw ConfigurationError(
                [.name(name)], "has no effect on a folder of images without classes; leave it out")
        }
        let found = try UnlabelledFolder(folder, size: wanted.size, memory: memory.flatMap(Self.bytes))
        for line in found.remarks { ProgressBar.say(line) }
        return Pictures(images: found.images, paths: found.names.map { ($0 as NSString).deletingPathExtension })
    }

    /// Where in a folder of images those for training lie, without the ending, by their sample ids.
    ///
    /// - Throws: `ConfigurationError` for data without files.
    private func trainingPaths() throws -> [String] {
        guard data != "digits" else {
            throw ConfigurationError(
                ["targets"], "labels files of images, and --data \(data) has none; give --data the folder of the images"
            )
        }
        return try DividedData.trainingPaths(in: folder)
    }

    /// As ``trainingPaths()`` of data that were read; nil where images have no files of their own.
    private var pathsIfAny: [String]? { data == "digits" ? nil : try? DividedData.trainingPaths(in: folder) }

    private var folder: URL { URL(fileURLWithPath: data) }

    /// The bytes that a size stands for: 500MB, 2 GB, 64kB, 5000000. A number of less than a megabyte without a unit
    /// is nil: it was hardly meant in bytes.
    static func bytes(_ text: String) -> Int? {
        let units = ["": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000]
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count).trimmingCharacters(in: .whitespaces).lowercased()
        guard let factor = units[unit], let value = Double(number), value * Double(factor) < 1e18,
            !unit.isEmpty || value >= 1e6
        else { return nil }
        return Int(value * Double(factor))
    }
}
