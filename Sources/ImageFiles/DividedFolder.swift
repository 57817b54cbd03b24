import Datasets
import Foundation
import TensorCore

extension DividedData {
    /// Reads a folder of images: a subfolder of PNG or JPEG files for each class, or two such folders `train` and
    /// `test`.
    ///
    /// Where there is no `test`, a fifth of the images becomes the test set. A tenth of the rest, at most 5000 images,
    /// is held out for validation. Both depend on the files alone.
    ///
    /// - Parameters:
    ///   - size: what the images are brought to.
    ///   - onSkipping: called with a folder and the errors of its files, where files that cannot be read are to be left
    ///     out; nil for an error at the first of them.
    /// - Throws: `FormatError` as ``ImageFolder`` has it, and where `train` and `test` differ in their classes.
    public init(imagesIn folder: URL, size: ImageSize, onSkipping: ((URL, [FormatError]) -> Void)? = nil) throws {
        func read(_ url: URL) throws -> ImageSet {
            let (images, skipped) = try ImageFolder.readSkipping(
                url, height: size.height, width: size.width, channels: size.channels)
            if let first = skipped.first {
                guard let onSkipping else { throw first }
                onSkipping(url, skipped)
            }
            return images
        }
        guard let parts = try Self.parts(of: folder) else {
            let all = try read(folder)
            let (rest, test) = all.holdingOut(all.count / 5, seed: 0)
            try self.init(name: folder.lastPathComponent, train: rest, test: test)
            return
        }
        let (train, test) = (try read(parts.train), try read(parts.test))
        guard train.classNames == test.classNames else {
            let odd = Set(train.classNames).symmetricDifference(test.classNames).min() ?? ""
            throw FormatError(
                file: folder.relativePath, found: "class \(odd) in one of train and test",
                expected: "the same in both")
        }
        try self.init(name: folder.lastPathComponent, train: train, test: test)
    }

    /// Whether PNG or JPEG files lie in the folder's subfolders, or in those of its subfolder `train`.
    ///
    /// - Throws: `FormatError` for a folder that cannot be read.
    public static func holdsImages(_ folder: URL) throws -> Bool {
        let classes = try FolderListing(parts(of: folder)?.train ?? folder).folders
        return try classes.contains { folder in
            try FolderListing(folder).files.contains { ["png", "jpg", "jpeg"].contains($0.pathExtension.lowercased()) }
        }
    }

    /// The paths of the training images beneath their folder without the ending, by sample id.
    ///
    /// - Throws: `FormatError` for a folder that cannot be read.
    public static func trainingPaths(in folder: URL) throws -> [String] {
        let parts = try parts(of: folder)
        let start = parts == nil ? "" : "train/"
        return try FolderListing(parts?.train ?? folder).folders.flatMap { folder in
            try FolderListing(folder).files.map {
                "\(start)\(folder.lastPathComponent)/\($0.deletingPathExtension().lastPathComponent)"
            }
        }
    }

    private static func parts(of folder: URL) throws -> (train: URL, test: URL)? {
        let folders = try FolderListing(folder).folders
        guard folders.count == 2, let test = folders.first(where: { $0.lastPathComponent == "test" }),
            let train = folders.first(where: { $0.lastPathComponent == "train" })
        else { return nil }
        return (train, test)
    }
}
