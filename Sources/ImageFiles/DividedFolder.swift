import Datasets
import Foundation
import TensorCore

extension DividedData {
    /// Reads a folder: MNIST or CIFAR in its original files, or images.
    ///
    /// A folder of images has a subfolder of PNG or JPEG files for each class, or a table `labels.csv` of files and
    /// their classes, or tar archives as WebDataset writes them (`000.jpg` with `000.cls`); a table, an archive and a
    /// file of `retort pack` may be given by themselves. Or it has such folders, or archives of such names, as parts,
    /// `train` with `test`, in any case of letters; `val`, `valid` or `validation` beside them are the images for
    /// validation, and without `test` the test. Where there is no test, a fifth of the images becomes the test set, of
    /// each class with 3 images or more at least one. Where there is no validation, a tenth of the rest is held out for
    /// it, of each class with 2 or more at least one. Which images these are depends on the name of each one's class
    /// and file.
    ///
    /// - Parameters:
    ///   - size: at which a network reads the images.
    ///   - rule: how images are held out.
    ///   - isSkipping: whether files that cannot be read are left out, see ``DividedData/notes``, instead of an error.
    ///   - memory: bytes for images that stay decoded; a quarter of what the machine has available when omitted.
    ///   - other: the size at which a teacher reads the same images: large ones are decoded for both.
    ///   - onLoss: called for each file that turns out bad later and is left out too: another of its class is read in
    ///     its place from then on. Called from any thread.
    ///   - progress: called from time to time, for each part of the folder, with the number of its images that were
    ///     looked at, and of all.
    /// - Throws: `FormatError` for a folder that holds no data set, saying what it holds; as ``EncodedImages`` has it;
    ///   and where the parts differ in their classes. `MachineError` where the machine cannot read a file.
    public init(
        folder: URL, size: ImageSize, heldOut rule: HeldOut = .byName, skippingBad isSkipping: Bool = false,
        memory: Int? = nil, teacherSize other: ImageSize? = nil,
        onLoss: @escaping @Sendable (FormatError) -> Void = { _ in },
        progress: ((_ done: Int, _ all: Int) -> Void)? = nil
    ) throws {
        let path = FilePath(folder)
        let decoded = other.map { size.covering($0) } ?? size
        // Several parts share it.
        var left = memory ?? PictureStore.usualMemory
        let losses = isSkipping ? onLoss : nil
        func opened(_ open: (_ memory: Int) throws -> OpenedImages) throws -> OpenedImages {
            var opened = try open(left)
            opened.images = opened.images.read(at: size)
            left = max(0, left - opened.images.keptBytes)
            return opened
        }
        func opened(_ place: ImagePlace) throws -> OpenedImages {
            try opened { left in
                try OpenedImages(
                    place, size: decoded, heldOut: rule, memory: left, losses: losses, progress: progress)
            }
        }
        // Without parts, or for training, the test and perhaps validation.
        let all: [OpenedImages]
        switch try DataLayout(of: path) {
        case .original:
            try self.init(DataFolder.read(folder), heldOut: rule)
            return
        case .packed:
            let files = try PackedFiles(folder)
            all = try files.parts.map { part in
                try opened {
                    try OpenedImages(
                        part, of: files, size: decoded, heldOut: rule, memory: $0, losses: losses, progress: progress)
                }
            }
        case .whole(let place): all = [try opened(place)]
        case .parts(let first, let second, let third):
            let parts = [first, second] + (third.map { [$0] } ?? [])
            all = try parts.map { try opened($0.place) }
            try DataLayout.checkClasses(zip(parts, all).map { ($0.name, $1.images.classNames) }, in: path)
        }
        let (train, validation, test): (EncodedImages, EncodedImages?, EncodedImages)
        if all.count == 1 {
            let divided = all[0].images.holdingOutForTest(rule)
            (train, validation, test) = (divided.rest, nil, divided.held)
        } else {
            (train, validation, test) = (all[0].images, all.count == 2 ? nil : all[2].images, all[1].images)
        }
        let errors = all.flatMap(\.errors)
        let counts = Dictionary(all.flatMap(\.counts).map { ($0.name, $0.count) }, uniquingKeysWith: +)
        let leftOut = LeftOutFiles(errors, of: train.classNames.map { ($0, counts[$0] ?? 0) })
        try self.init(
            name: folder.lastPathComponent, train: train, validation: validation, test: test, heldOut: rule,
            notes: DataNotes(leftOut: errors.isEmpty ? nil : leftOut, remarks: all.flatMap(\.remarks)))
    }

    /// Whether a folder holds MNIST or CIFAR in its original files, whose images have a size of their own; false for
    /// one that cannot be read or holds no data set.
    public static func isInOriginalFiles(_ folder: URL) -> Bool {
        if case .original? = try? DataLayout(of: FilePath(folder)) { true } else { false }
    }

    /// The paths of the training images beneath their folder without the ending, by sample id.
    ///
    /// - Throws: `FormatError` for a folder that cannot be read or holds no images.
    public static func trainingPaths(in folder: URL) throws -> [String] {
        let path = FilePath(folder)
        let found: (place: ImagePlace, start: String)? =
            switch try DataLayout(of: path) {
            case .whole(let place): (place, "")
            case .parts(let train, _, _): (train.place, "\(train.name)/")
            case .original, .packed: nil
            }
        guard let found, case .folders(let folders) = found.place else {
            throw FormatError(
                file: "\(path)", found: "a data set without a folder for each class",
                expected: "one with such folders")
        }
        let files = try LabelledFiles(folders: folders)
        return files.keys.indices.map { number in
            let name = files.path(of: number)
            let last = name.split(separator: "/").last ?? ""
            let ending = last.lastIndex(of: ".").map { last[$0...].count } ?? 0
            return found.start + name.dropLast(ending)
        }
    }
}
