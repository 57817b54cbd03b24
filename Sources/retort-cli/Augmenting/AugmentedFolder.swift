import Foundation
import Retort

/// Augmented images as files, with their targets beside them.
struct AugmentedFolder {
    private let images, labels: URL
    private let source: TargetedSource
    /// By place, CLASS/NAME.
    private let names: [String]
    private let rules: TargetRules
    private let out: URL
    /// What becomes a file as COCO has it; nil for YOLO's text files.
    private var coco: COCOWriter?
    /// Whether anything is known of what lies in the images.
    private let isAnnotated: Bool
    /// By sample id, in their folder.
    private let paths: [String]?
    private(set) var result: WriteResult
    /// Paths of images of which nothing is known.
    private(set) var unannotated: [String] = []
    private var madeFolders: Set<URL> = []

    /// - Parameters:
    ///   - paths: of the images in their folder, by sample id; nil where they have no files.
    ///   - annotations: what lies in the images.
    ///   - coco: begins a file as COCO has it; nil for YOLO's text files.
    init(
        _ out: URL, _ images: any ImageSource, paths: [String]?, annotations: (any TargetFiles)?, rules: TargetRules,
        coco: COCOWriter?
    ) {
        (self.out, self.coco) = (out, coco)
        (self.images, labels) = (out.appending(path: "images"), out.appending(path: "labels"))
        (self.paths, self.rules, isAnnotated) = (paths, rules, annotations != nil)
        source = TargetedSource(images) { id, height, width in
            try annotations?.targets(of: paths?[id] ?? "", height: height, width: width)
        }
        names = fileNames(of: images, paths: paths)
        result = WriteResult(folder: out.relativePath)
    }

    /// Reads images, augments and writes them.
    ///
    /// - Parameters:
    ///   - places: of the images among all.
    ///   - copies: of each image.
    /// - Throws: `FormatError` for targets that cannot be read or moved, `ConfigurationError` for a policy that mixes
    ///   images of which classes are all that is known, `FileWriteError`.
    mutating func write(_ places: [Int], through policy: AugmentationPolicy, copies: Int, seed: UInt64) throws {
        let (images, known) = try source.read(at: places)
        if isAnnotated {
            unannotated += zip(images.sampleIDs, known).filter { $0.1 == nil }.map { paths?[$0.0] ?? "" }
        }
        for copy in 0..<copies {
            let raw = RawBatch(images: images, seed: seed, epoch: copy)
            let views = try policy.apply(to: raw, targets: known.map { $0 ?? ImageTargets() }, by: rules)
            for (number, place) in places.enumerated() {
                try write(views, number, from: known[number], as: "\(names[place])-\(copy + 1)")
            }
        }
    }

    private mutating func write(_ views: TargetedImages, _ number: Int, from given: ImageTargets?, as name: String)
        throws
    {
        guard isAnnotated || !views.isMixed[number] else {
            throw ConfigurationError(
                ["policy"],
                "mixes images, which then show several classes; take an operation such as cutMix or mosaic out, or "
                    + "give --targets")
        }
        try write(views.images.image(number), to: images.appending(path: "\(name).png"))
        result.images += 1
        guard let given else { return }
        let moved = views.targets[number]
        if coco != nil {
            try coco?.add(views, number, from: given, as: "\(name).png")
        } else {
            let text = try views.yoloLabels(of: number, from: given)
            try write(Data(text.utf8), to: labels.appending(path: "\(name).txt"))
        }
        result.boxes += moved.boxes.count
        result.droppedBoxes += views.dropped[number].count
        guard let mask = moved.mask else { return }
        let image = DecodedImage(
            pixels: mask, height: views.images.height, width: views.images.width, channels: 1)
        try write(image, to: labels.appending(path: "\(name).png"))
    }

    /// Writes what is of all images together.
    mutating func finish() throws {
        if let coco { try write(coco.json, to: out.appending(path: "annotations.json")) }
    }

    private mutating func write(_ image: DecodedImage, to url: URL) throws {
        try write(PNGFile.encoded(image), to: url)
    }

    private mutating func write(_ content: Data, to url: URL) throws {
        let folder = url.deletingLastPathComponent()
        if madeFolders.insert(folder).inserted { try OutputFile.prepareFolder(folder) }
        // Thousands of files: whoever loses power writes them anew.
        try AtomicFile.write(content, to: url, syncing: false)
    }
}

/// What `augment write` prints.
struct WriteResult: CommandResult {
    let folder: String
    var images = 0
    var boxes = 0
    var droppedBoxes = 0

    var text: String {
        let dropped = droppedBoxes > 0 ? ", \(droppedBoxes) left the image" : ""
        return "\(folder): \(images.counted("image"))"
            + (boxes + droppedBoxes > 0 ? " with \(boxes.counted("box", "boxes"))\(dropped)" : "")
    }
}
