import ArgumentParser
import Foundation
import Retort

/// Where a command's images come from.
struct DataOptions: ParsableArguments, FileOptions {
    @Option(
        help: ArgumentHelp(
            "'digits' (embedded), or a folder: MNIST or CIFAR in its original files, or images.",
            discussion: """
                A folder of images has one subfolder of PNG or JPEG files for each class, or two such folders 'train' \
                and 'test'. Where nothing is held out for it, a tenth of the training images (at most 5000) serves \
                validation and, in a folder without 'test', a fifth the test; both are the same for every seed.
                """, valueName: "digits|DIR"))
    var data = "digits"

    @Flag(help: "Leave out PNG and JPEG files that cannot be read, and say how many.")
    var skipBad = false

    var files: [NamedFile] { data == "digits" ? [] : [NamedFile("--data", data, .data(isData: DataFolder.reads))] }

    /// Reads the images.
    ///
    /// - Parameter size: what the images of a folder of PNG or JPEG files are brought to.
    func read(imagesAs size: ImageSize) throws -> DividedData {
        if data == "digits" { return try DividedData(Digits.embedded()) }
        guard try DividedData.holdsImages(folder) else { return try DividedData(DataFolder.read(folder)) }
        guard skipBad else { return try DividedData(imagesIn: folder, size: size) }
        return try DividedData(imagesIn: folder, size: size) { folder, skipped in
            ProgressBar.say("\(folder.relativePath): \(skipped.count) files left out, the first: \(skipped[0])")
        }
    }

    /// Where in a folder of images those for training lie, without the ending, by their sample ids.
    ///
    /// - Throws: `FormatError` for data in other files.
    func trainingPaths() throws -> [String] {
        guard data != "digits", try DividedData.holdsImages(folder) else {
            throw FormatError(file: "--data", found: data, expected: "a folder of images where there are --targets")
        }
        return try DividedData.trainingPaths(in: folder)
    }

    private var folder: URL { URL(fileURLWithPath: data, isDirectory: true) }
}
