import Datasets
import Foundation
import TensorCore

/// What kind of data set a folder holds.
enum DataLayout {
    /// A subfolder of images for each class.
    case classes
    /// Such folders for each part.
    case parts(train: FolderEntry, test: FolderEntry, validation: FolderEntry?)
    /// MNIST or CIFAR in its original files.
    case original

    /// Looks at a folder.
    ///
    /// - Throws: `FormatError` for a folder that is none of these, with what it is instead.
    init(of path: FilePath) throws {
        let listing = try FolderListing(path)
        if DataFolder.holdsPart(listing) {
            self = .original
        } else if let parts = try Self.parts(listing.folders, in: path) {
            self = parts
        } else if try listing.folders.contains(where: { try Self.holdsImages($0) }) {
            self = .classes
        } else if listing.folders.contains(where: { (try? FolderListing($0.path)).map(DataFolder.holdsPart) ?? false })
        {
            self = .original
        } else {
            throw FormatError(
                file: "\(path)", found: try Self.description(of: listing, in: path), expected: Self.wanted)
        }
    }

    /// The names of parts that other tools use.
    private static let validationNames = ["val", "valid", "validation"]
    private static let partNames = ["train", "test"] + validationNames

    private static let wanted =
        "a folder of PNG or JPEG images for each class (or train and test, or val, with such folders in each), or "
        + DataFolder.wantedInShort

    /// The parts, if the folder's subfolders are called so.
    private static func parts(_ folders: [FolderEntry], in path: FilePath) throws -> DataLayout? {
        let (parts, others) = (folders.filter(isPart), folders.filter { !isPart($0) })
        func named(_ names: [String]) throws -> FolderEntry? {
            let found = parts.filter { names.contains($0.name.lowercased()) }
            guard found.count < 2 else {
                throw FormatError(file: "\(path)", found: list(found), expected: "one of them")
            }
            return found.first
        }
        // Classes may be called so too: a train among vehicles.
        guard !parts.isEmpty,
            try others.isEmpty || parts.contains(where: { try !FolderListing($0.path).folders.isEmpty })
        else { return nil }
        guard others.isEmpty else {
            throw FormatError(
                file: "\(path)", found: "\(list(others)) beside \(list(parts))",
                expected: "folders of parts (train, test, val) alone, or of classes alone")
        }
        let (train, test, validation) = (try named(["train"]), try named(["test"]), try named(validationNames))
        for part in parts where try FolderListing(part.path).folders.isEmpty {
            let content = try description(of: FolderListing(part.path), in: part.path)
            throw FormatError(
                file: "\(part.path)", found: content,
                expected: "a folder of images for each class")
        }
        guard let train, let second = test ?? validation else {
            throw FormatError(
                file: "\(path)",
                problem: "\(list(parts)) without \(train == nil ? "train" : "test or val") beside it",
                advice:
                    "add one, or give \((train ?? parts[0]).path) itself, of which a fifth is held out for the test")
        }
        return .parts(train: train, test: second, validation: test == nil ? nil : validation)
    }

    /// Makes sure that the parts of a folder have the same classes.
    static func checkClasses(_ parts: [(name: String, classes: [String])], in path: FilePath) throws(FormatError) {
        for other in parts.dropFirst() {
            let first = Set(parts[0].classes)
            guard let odd = first.symmetricDifference(other.classes).min() else { continue }
            let (holder, lacking) = first.contains(odd) ? (parts[0].name, other.name) : (other.name, parts[0].name)
            throw FormatError(
                file: "\(path)", found: "class \(odd) in \(holder) and not in \(lacking)",
                expected: "the same classes in both")
        }
    }

    private static func isPart(_ entry: FolderEntry) -> Bool { partNames.contains(entry.name.lowercased()) }

    /// Whether a PNG or JPEG file lies directly in a folder; files that cannot be read are none.
    private static func holdsImages(_ folder: FolderEntry) throws -> Bool {
        guard let listing = try? FolderListing(folder.path) else { return false }
        return try listing.files.contains { try kind(of: $0)?.isImage == true }
    }

    private static func kind(of file: FolderEntry) throws -> FileKind? {
        do { return FileKind(try InputFile.start(of: file.path)) } catch is FormatError { return nil }
    }

    /// What is there instead of a data set.
    private static func description(of listing: FolderListing, in path: FilePath) throws -> String {
        if let other = listing.others.first { return "\(other.name), \(other.typeInWords)," }
        let folders = listing.folders
        guard !folders.isEmpty || !listing.files.isEmpty else { return "an empty folder" }
        if folders.isEmpty { return "\(try content(listing.files)) and no folder" }
        let inner = try folders.map { (folder: $0, listing: try FolderListing($0.path)) }
        if inner.count == 1, !inner[0].listing.folders.isEmpty {
            return "nothing but the folder \(folders[0].name), which holds \(list(inner[0].listing.folders)) "
                + "(perhaps --data \(folders[0].path))"
        }
        let files = inner.flatMap(\.listing.files)
        return "\(list(folders)) with \(files.isEmpty ? "no files" : try content(files))"
    }

    /// The files by their kinds, with the name of the first.
    private static func content(_ files: [FolderEntry]) throws -> String {
        let shown = files.prefix(1000)
        let kinds = Dictionary(grouping: try shown.compactMap { try kind(of: $0) }, by: \.plural).values
            .sorted { ($1.count, $0[0].plural) < ($0.count, $1[0].plural) }.prefix(3)
        let others = files.count > shown.count ? " among the first \(shown.count) files" : ""
        let text =
            kinds.isEmpty
            ? files.count.counted("unreadable file") : kinds.map { $0[0].counted($0.count) }.joined(separator: ", ")
        return "\(text)\(others) (\(files[0].name)\(files.count > 1 ? ", …" : ""))"
    }

    /// "folder a", "folders a, b", "folders a, b, c, … (10 in all)".
    private static func list(_ folders: [FolderEntry]) -> String {
        let names = folders.prefix(3).map(\.name).joined(separator: ", ")
        return "folder\(folders.count == 1 ? "" : "s") \(names)"
            + (folders.count > 3 ? ", … (\(folders.count) in all)" : "")
    }
}
