import Foundation
import TensorCore

/// Finds a data set by what a folder holds.
public enum DataFolder {
    /// Reads MNIST or a set of EMNIST (IDX), CIFAR-10 or CIFAR-100 (binary version), whichever lies in the folder or in
    /// one of its subfolders.
    ///
    /// Files have their original names, with or without `.gz`; in MNIST's the part before `idx` may end in `.` or `-`.
    /// A set with MNIST's file names and layout (Fashion-MNIST) is read as MNIST; a file `classes.txt` beside its files
    /// has the names of its classes, one a line. EMNIST's sets are read upright, with names from their mapping
    /// (`emnist-letters-mapping.txt`).
    ///
    /// - Throws: `FormatError` when there is no such set or more than one, when a part of it is missing or damaged.
    public static func read(_ url: URL) throws -> LabelledData {
        let places = try [url] + FolderListing(url).folders.map { url.appendingPathComponent($0.name) }
        let found = places.flatMap { folder in
            kinds.filter { kind in kind.files.contains { (try? file($0, in: folder)) != nil } }.map { ($0, folder) }
        }
        guard let (kind, folder) = found.first else {
            throw FormatError(file: url.relativePath, found: "none of these", expected: wanted)
        }
        guard found.count == 1 else {
            let list = found.map { "\($0.0.name) in \($0.1.lastPathComponent)" }.joined(separator: ", ")
            let isInOne = Set(found.map(\.1)).count == 1
            throw FormatError(
                file: url.relativePath, found: list, expected: "one data set",
                advice: isInOne ? "move its files into a folder of their own" : "name its folder")
        }
        let (train, test) = try kind.read(folder)
        return LabelledData(name: kind.name, train: train, test: test)
    }

    /// Whether a file of this name is one that such a set is read from.
    public static func reads(_ name: String) -> Bool {
        let names =
            kinds.flatMap(\.files).joined() + [CIFAR10.layout, CIFAR100.layout].map(\.namesFile) + ClassNamesFile.names
            + emnistSets.map(mappingName)
        return names.contains { name == $0 || name == $0 + ".gz" }
    }

    /// Whether one of a folder's files has the name of a file of such a set.
    public static func holdsPart(_ listing: FolderListing) -> Bool {
        let names = Set(kinds.flatMap(\.files).joined().flatMap { [$0, $0 + ".gz"] })
        return listing.files.contains { names.contains($0.name) }
    }

    /// The first of the names, as it is or with `.gz`, that a folder holds.
    ///
    /// - Throws: `FormatError` when it holds none.
    static func file(_ names: [String], in folder: URL) throws -> URL {
        for name in names {
            for url in [name, name + ".gz"].map(folder.appendingPathComponent) where exists(url) { return url }
        }
        throw FormatError(
            file: folder.appendingPathComponent(names[0]).relativePath, found: "nothing",
            expected: (names + [names[0] + ".gz"]).joined(separator: " or "))
    }

    /// A data set that can be found: its files, each under one or more names, and its reader.
    fileprivate struct Kind: Sendable {
        let name: String
        let files: [[String]]
        let read: @Sendable (_ folder: URL) throws -> (train: ImageSet, test: ImageSet)
    }

    private static let kinds =
        [
            Kind(
                name: "MNIST",
                files: ["train", "t10k"].flatMap { [mnistNames($0, "images", 3), mnistNames($0, "labels", 1)] },
                read: readMNIST),
            Kind(cifar: CIFAR10.layout), Kind(cifar: CIFAR100.layout),
        ]
        + emnistSets.map { set in
            Kind(
                name: "EMNIST \(set)",
                files: ["train", "test"].flatMap { part in
                    [
                        mnistNames("emnist-\(set)-\(part)", "images", 3),
                        mnistNames("emnist-\(set)-\(part)", "labels", 1),
                    ]
                }, read: { try readEMNIST(set, $0) })
        }

    private static let emnistSets = ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"]

    private static func mappingName(_ set: String) -> String { "emnist-\(set)-mapping.txt" }

    /// The sets that can be read and each one's first file, for messages.
    public static var wantedInShort: String {
        kinds.prefix(4).map(\.name).joined(separator: ", ") + " in original files"
    }

    private static var wanted: String {
        kinds.prefix(4).map { kind in
            "\(kind.name) (\(kind.files.map { $0[0] }.joined(separator: ", ")))"
        }.joined(separator: " or ") + ", each as it is or as .gz"
    }

    private static func mnistNames(_ part: String, _ content: String, _ axes: Int) -> [String] {
        ["-", "."].map { "\(part)-\(content)\($0)idx\(axes)-ubyte" }
    }

    private static func readMNIST(_ folder: URL) throws -> (train: ImageSet, test: ImageSet) {
        let labels = try file(mnistNames("train", "labels", 1), in: folder)
        let classes = try IDXClasses(namesBeside: labels) ?? IDXClasses(Digits.classNames)
        return try readIDX(("train", "t10k"), classes, in: folder)
    }

    private static func readEMNIST(_ set: String, _ folder: URL) throws -> (train: ImageSet, test: ImageSet) {
        let labels = try file(mnistNames("emnist-\(set)-train", "labels", 1), in: folder)
        let mapping = folder.appendingPathComponent(mappingName(set))
        let classes =
            try exists(mapping)
            ? IDXClasses(mapping: mapping) : IDXClasses(namesBeside: labels) ?? IDXClasses(numbersIn: labels)
        return try readIDX(("emnist-\(set)-train", "emnist-\(set)-test"), classes, in: folder, isTransposed: true)
    }

    private static func readIDX(
        _ parts: (train: String, test: String), _ classes: IDXClasses, in folder: URL, isTransposed: Bool = false
    ) throws -> (train: ImageSet, test: ImageSet) {
        func read(_ part: String, firstID: Int) throws -> ImageSet {
            try IDX.read(
                images: file(mnistNames(part, "images", 3), in: folder),
                labels: file(mnistNames(part, "labels", 1), in: folder), classes: classes, isTransposed: isTransposed,
                firstID: firstID)
        }
        let train = try read(parts.train, firstID: 0)
        return (train, try read(parts.test, firstID: train.count))
    }

    private static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
}

extension DataFolder.Kind {
    fileprivate init(cifar layout: CIFARLayout) {
        self.init(
            name: layout.name, files: (layout.trainFiles + [layout.testFile]).map { [$0] }, read: layout.read)
    }
}
