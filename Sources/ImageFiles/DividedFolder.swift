import Datasets
import Foundation
import TensorCore

extension DividedData {
    /// Reads a folder: MNIST or CIFAR in its original files, or images.
    ///
    /// A folder of images has a subfolder of PNG or JPEG files for each class. Or it has such folders as parts, `train`
    /// with `test`, in any case of letters; `val`, `valid` or `validation` beside them are the images for validation,
    /// and without `test` the test. Where there is no test, a fifth of the images becomes the test set, of each class
    /// with 3 images or more at least one. Where there is no validation, a tenth of the rest is held out for it, of
    /// each class with 2 or more at least one. Which images these are depends on the name of each one's class and file.
    ///
    /// - Parameters:
    ///   - size: at which a network reads the images.
    ///   - rule: how images are held out.
    ///   - isSkipping: whether files that cannot be read are left out, see ``DividedData/notes``, instead of an error.
    ///   - memory: bytes for images that stay decoded; a quarter of what the machine has available when omitted.
    ///   - other: the size at which a teacher reads the same images: large ones are decoded for both.
    /// - Throws: `FormatError` for a folder that holds no data set, saying what it holds; as ``EncodedImages`` has it;
    ///   and where the parts differ in their classes. `MachineError` where the machine cannot read a file.
    public init(
        folder: URL, size: ImageSize, heldOut rule: HeldOut = .byName, skippingBad isSkipping: Bool = false,
        memory: Int? = nil, teacherSize other: ImageSize? = nil
    ) throws {
        let path = FilePath(folder)
        let decoded = other.map { size.covering($0) } ?? size
        // Several parts share it.
        var left = memory ?? MachineMemory.available / 4
        func opened(_ open: (_ memory: Int) throws -> OpenedImages) throws -> OpenedImages {
            var opened = try open(left)
            opened.images = opened.images.read(at: size)
            left = max(0, left - opened.images.keptBytes)
            return opened
        }
        func opened(_ path: FilePath) throws -> OpenedImages {
            try opened {
                try OpenedImages(folder: path, size: decoded, heldOut: rule, memory: $0, isSkipping: isSkipping)
            }
        }
        // Without parts, or for training, the test and perhaps validation.
        let all: [OpenedImages]
        if try FileType(of: path) == .file {
            let files = try PackedFiles(folder)
            all = try files.parts.map { part in
                try opened {
                    try OpenedImages(part, of: files, size: decoded, heldOut: rule, memory: $0, isSkipping: isSkipping)
                }
            }
        } else {
            switch try DataLayout(of: path) {
            case .original:
                try self.init(DataFolder.read(folder), heldOut: rule)
                return
            case .classes: all = [try opened(path)]
            case .parts(let first, let second, let third):
                let parts = [first, second] + (third.map { [$0] } ?? [])
                all = try parts.map { try opened($0.path) }
                try DataLayout.checkClasses(zip(parts, all).map { ($0.name, $1.images.classNames) }, in: path)
            }
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
        let (place, start): (FilePath, String)
        switch try DataLayout(of: path) {
        case .original:
            throw FormatError(
                file: "\(path)", found: "a data set without files of images", expected: "a folder of images")
        case .classes: (place, start) = (path, "")
        case .parts(let train, _, _): (place, start) = (train.path, "\(train.name)/")
        }
        let folders = try ClassFolders(place)
        return folders.files.map { file in
            let name = URL(fileURLWithPath: file.entry.name).deletingPathExtension().lastPathComponent
            return "\(start)\(folders.names[file.label])/\(name)"
        }
    }
}
