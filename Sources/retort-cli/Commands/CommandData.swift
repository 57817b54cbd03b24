import ArgumentParser
import Foundation
import Retort

/// Where a command's images come from.
struct DataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "'digits' (embedded), or a folder: MNIST or CIFAR in its original files, or images.",
            discussion: """
                A folder of images has one subfolder of PNG or JPEG files for each class, or two such folders 'train' and \
                'test'. Where nothing is held out for it, a tenth of the training images (at most 5000) serves validation \
                and, in a folder without 'test', a fifth the test; both are the same for every seed.
                """, valueName: "digits|DIR"))
    var data = "digits"

    @Flag(help: "Leave out PNG and JPEG files that cannot be read, and say how many.")
    var skipBad = false

    /// Reads the images.
    ///
    /// - Parameter size: what the images of a folder of PNG or JPEG files are brought to.
    func read(imagesAs size: ImageSize) throws -> CommandData {
        if data == "digits" { return try CommandData(Digits.embedded()) }
        let folder = URL(fileURLWithPath: data, isDirectory: true)
        if try CommandData.holdsImages(folder) {
            return try CommandData(images: folder, size: size, skippingBad: skipBad)
        }
        return try CommandData(DataFolder.read(folder))
    }

    /// Where in a folder of images those for training lie, without the ending, by their sample ids.
    ///
    /// - Throws: `FormatError` for data in other files.
    func trainingPaths() throws -> [String] {
        let folder = URL(fileURLWithPath: data, isDirectory: true)
        guard data != "digits", try CommandData.holdsImages(folder) else {
            throw FormatError(file: "--data", found: data, expected: "a folder of images where there are --targets")
        }
        return try CommandData.trainingPaths(in: folder)
    }
}

/// A data set with images held out for validation and for the test, all with their labels.
struct CommandData {
    let name: String
    let train, validation, test: ImageSet

    init(_ digits: Digits) {
        name = "the embedded digits"
        train = digits.train
        validation = digits.validation
        test = digits.test
    }

    /// A data set in its original files.
    init(_ data: LabelledData) throws { try self.init(name: data.name, train: data.train, test: data.test) }

    /// A folder of images.
    ///
    /// - Parameter skippingBad: whether files that cannot be read are left out, and counted on standard error.
    init(images folder: URL, size: ImageSize, skippingBad: Bool) throws {
        func read(_ url: URL) throws -> ImageSet {
            guard skippingBad else {
                return try ImageFolder.read(url, height: size.height, width: size.width, channels: size.channels)
            }
            let (images, skipped) = try ImageFolder.readSkipping(
                url, height: size.height, width: size.width, channels: size.channels)
            if let first = skipped.first {
                let text = "\(url.relativePath): \(skipped.count) files left out, the first: \(first)\n"
                FileHandle.standardError.write(Data(text.utf8))
            }
            return images
        }
        if let parts = try Self.parts(of: folder) {
            let (train, test) = (try read(parts.train), try read(parts.test))
            guard train.classNames == test.classNames else {
                let odd = Set(train.classNames).symmetricDifference(test.classNames).min() ?? ""
                throw FormatError(
                    file: folder.relativePath, found: "class \(odd) in one of train and test",
                    expected: "the same in both")
            }
            try self.init(name: folder.lastPathComponent, train: train, test: test)
        } else {
            let all = try read(folder)
            let (rest, test) = all.holdingOut(all.count / 5, seed: 0)
            try self.init(name: folder.lastPathComponent, train: rest, test: test)
        }
    }

    /// Holds out the same images whatever the command's seed is, so that no command tests on what another trained on.
    private init(name: String, train: ImageSet, test: ImageSet) throws {
        self.name = name
        (self.train, validation) = train.holdingOut(min(5000, train.count / 10), seed: 0)
        self.test = test
        guard test.count > 0 else {
            throw FormatError(
                file: name, found: "\(train.count) images", expected: "enough to hold out some for the test")
        }
    }

    /// Whether PNG or JPEG files lie in the folder's subfolders.
    static func holdsImages(_ folder: URL) throws -> Bool {
        let classes = try FolderListing(parts(of: folder)?.train ?? folder).folders
        return try classes.contains { folder in
            try FolderListing(folder).files.contains { ["png", "jpg", "jpeg"].contains($0.pathExtension.lowercased()) }
        }
    }

    /// Paths of images beneath their folder, in the order in which `ImageFolder` reads them.
    static func trainingPaths(in folder: URL) throws -> [String] {
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

extension CommandData {
    /// Training images spread evenly over the data set, in batches of 100, to find ranges of activations on.
    func calibrationBatches(_ count: Int, _ normalization: Normalization) -> [Tensor] {
        train.subset(evenly: count).batches(of: 100, normalization: normalization).map(\.inputs)
    }
}

extension ImageSet {
    /// So many of the images, or all where there are no more, from all over the set.
    func subset(evenly count: Int) -> ImageSet {
        let number = min(count, self.count)
        return subset((0..<number).map { $0 * self.count / number })
    }
}
