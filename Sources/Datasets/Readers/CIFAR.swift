import Foundation
import TensorCore

/// CIFAR-10's binary version: 32 × 32 colour images of ten classes, 50,000 for training and 10,000 for tests.
///
/// Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, and the description that comes
/// with the files: each record is a label byte and 3 × 1,024 bytes, the red plane, then green, then blue, row by row.
public enum CIFAR10 {
    /// Reads `data_batch_1.bin` … `data_batch_5.bin` and `test_batch.bin`, each of them gzipped (`.bin.gz`) or not.
    ///
    /// - Parameter folder: holds the files; class names come from `batches.meta.txt` if it is there.
    /// - Returns: images [N, 32, 32, 3] in the files' order. Sample ids count from 0 through both sets.
    /// - Throws: `FormatError` for a file that is missing, damaged or of another layout.
    public static func read(folder: URL) throws -> (train: ImageSet, test: ImageSet) { try layout.read(folder) }

    static let layout = CIFARLayout(
        name: "CIFAR-10", trainFiles: (1...5).map { "data_batch_\($0).bin" }, testFile: "test_batch.bin",
        namesFile: "batches.meta.txt", labelClasses: [10],
        classNames: [
            "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
        ])
}

/// CIFAR-100's binary version: 32 × 32 colour images of 100 classes, 50,000 for training and 10,000 for tests.
///
/// Source: as for ``CIFAR10``; a record begins with two label bytes, the superclass (0 ..< 20) and the class (0 ..<
/// 100). The class is read, the superclass only checked.
public enum CIFAR100 {
    /// Reads `train.bin` and `test.bin`, each of them gzipped (`.bin.gz`) or not.
    ///
    /// - Parameter folder: holds the files; class names come from `fine_label_names.txt` if it is there, else they are
    ///   "0" … "99".
    /// - Returns: images [N, 32, 32, 3] in the files' order. Sample ids count from 0 through both sets.
    /// - Throws: `FormatError` for a file that is missing, damaged or of another layout.
    public static func read(folder: URL) throws -> (train: ImageSet, test: ImageSet) { try layout.read(folder) }

    static let layout = CIFARLayout(
        name: "CIFAR-100", trainFiles: ["train.bin"], testFile: "test.bin", namesFile: "fine_label_names.txt",
        labelClasses: [20, 100], classNames: (0..<100).map(String.init))
}

/// What the two have in common.
struct CIFARLayout {
    let name: String
    let trainFiles: [String]
    let testFile: String
    let namesFile: String
    /// The number of classes that each label byte tells apart; the last byte is the label that is read.
    let labelClasses: [Int]
    /// Names of the classes where the folder has no file of names.
    let classNames: [String]

    private static let side = 32
    private static let planeSize = side * side
    /// Twice what the largest of the original files holds, so that a small gzip file cannot fill the memory.
    private static let largestCount = 100_000

    private var recordSize: Int { labelClasses.count + 3 * Self.planeSize }

    func read(_ folder: URL) throws -> (train: ImageSet, test: ImageSet) {
        let names = try readClassNames(folder)
        let train = try images(trainFiles, in: folder, names, firstID: 0)
        return (train, try images([testFile], in: folder, names, firstID: train.count))
    }

    private func images(_ files: [String], in folder: URL, _ names: [String], firstID: Int) throws -> ImageSet {
        var pixels: [UInt8] = []
        var labels: [Int] = []
        for name in files {
            let url = try DataFolder.file([name], in: folder)
            let records = try read(file: url)
            labels += try self.labels(of: records, url)
            pixels += interleaved(records)
        }
        return ImageSet(
            pixels: pixels, height: Self.side, width: Self.side, channels: 3, labels: labels, classNames: names,
            sampleIDs: Array(firstID..<firstID + labels.count))
    }

    /// One or more whole records.
    private func read(file url: URL) throws -> [UInt8] {
        let file = try DataFile(url)
        let records = try file.readToEnd(atMost: Self.largestCount * recordSize, of: "\(name) records")
        guard !records.isEmpty, records.count.isMultiple(of: recordSize) else {
            let missing = recordSize - records.count % recordSize
            throw file.error(
                found: "the end of the file",
                expected: records.isEmpty
                    ? "\(name) records of \(recordSize) bytes"
                    : "\(missing.counted("more byte")) of a \(name) record of \(recordSize)"
            )
        }
        return records
    }

    private func labels(of records: [UInt8], _ url: URL) throws -> [Int] {
        try stride(from: 0, to: records.count, by: recordSize).map { start in
            for (place, classes) in labelClasses.enumerated() where records[start + place] >= classes {
                throw FormatError(
                    file: url.relativePath, place: "at byte \(start + place)",
                    found: "label \(records[start + place])", expected: "0 ... \(classes - 1)")
            }
            return Int(records[start + labelClasses.count - 1])
        }
    }

    /// The images of the records, from red, green and blue planes to [N, 32, 32, 3].
    private func interleaved(_ records: [UInt8]) -> [UInt8] {
        let count = records.count / recordSize
        let size = 3 * Self.planeSize
        return [UInt8](unsafeUninitializedCapacity: count * size) { target, initialized in
            records.withUnsafeBufferPointer { source in
                for image in 0..<count {
                    let planes = image * recordSize + labelClasses.count
                    for pixel in 0..<Self.planeSize {
                        let place = image * size + 3 * pixel
                        target[place] = source[planes + pixel]
                        target[place + 1] = source[planes + Self.planeSize + pixel]
                        target[place + 2] = source[planes + 2 * Self.planeSize + pixel]
                    }
                }
            }
            initialized = count * size
        }
    }

    /// One name a line; the original files end in an empty line.
    private func readClassNames(_ folder: URL) throws -> [String] {
        let url = folder.appendingPathComponent(namesFile)
        guard FileManager.default.fileExists(atPath: url.path) else { return classNames }
        let bytes = try DataFile(url).readToEnd(atMost: 1 << 16, of: "class names")
        let text = try TextFile.decoded(bytes, file: url.relativePath)
        let names = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        guard names.count == classNames.count else {
            throw FormatError(
                file: url.relativePath, found: names.count.counted("class name"), expected: "\(classNames.count)")
        }
        return names
    }
}
