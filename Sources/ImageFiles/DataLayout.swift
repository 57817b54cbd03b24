import Datasets
import Foundation
import TensorCore

/// What kind of data set a folder or a file holds.
enum DataLayout {
    /// Images that are not divided yet.
    case whole(ImagePlace)
    /// Images divided into parts.
    case parts(train: Part, test: Part, validation: Part?)
    /// MNIST or CIFAR in its original files.
    case original
    /// A file that `retort pack` made, or another that holds no images.
    case packed

    /// Images for one purpose.
    struct Part {
        /// As the folder or the archives call it.
        let name: String
        let place: ImagePlace
    }

    /// Looks at a folder or a file.
    ///
    /// - Throws: `FormatError` for a folder that is none of these, with what it is instead.
    init(of path: FilePath) throws {
        if try FileType(of: path) == .file {
            let isTable = String(decoding: path.name, as: UTF8.self).lowercased().hasSuffix(".csv")
            switch FileKind(try InputFile.start(of: path)) {
            case _ where isTable: self = .whole(.table(try ImageTable(path)))
            case .tar: self = .whole(.archives([path], names: ClassNamesFile.find(in: path.folder)))
            case .text: self = .whole(.table(try ImageTable(path)))
            case let kind where [.gzip, .zip].contains(kind):
                throw FormatError(
                    file: "\(path)", found: kind.singular, expected: PackedFiles.wanted,
                    advice: "unpack it first; tar shards are read as they are")
            default: self = .packed
            }
            return
        }
        let listing = try FolderListing(path)
        if DataFolder.holdsPart(listing) {
            self = .original
        } else if let parts = try Self.folderParts(listing.folders, in: path) {
            self = parts
        } else if let place = try ImagePlace(listing, in: path) {
            self = try Self.archiveParts(place, in: path) ?? .whole(place)
        } else if listing.folders.contains(where: { (try? FolderListing($0.path)).map(DataFolder.holdsPart) ?? false })
        {
            self = .original
        } else {
            let (found, advice) = try Self.description(of: listing, in: path)
            throw FormatError(file: "\(path)", found: found, expected: Self.wanted, advice: advice)
        }
    }

    /// The names of parts that other tools use.
    private static let validationNames = ["val", "valid", "validation"]
    private static let partNames = ["train", "test"] + validationNames

    static func isPart(_ name: String) -> Bool { partNames.contains(name.lowercased()) }

    private static let wanted =
        "a folder of PNG or JPEG images for each class, \(ImageTable.name), tar shards, train and test with one of these, "
        + "or " + DataFolder.wantedInShort

    /// The parts, if the folder's subfolders are called so.
    private static func folderParts(_ folders: [FolderEntry], in path: FilePath) throws -> DataLayout? {
        let (parts, others) = (folders.filter { isPart($0.name) }, folders.filter { !isPart($0.name) })
        // Classes may be called so too: a train among vehicles.
        guard !parts.isEmpty,
            try others.isEmpty || parts.contains(where: { try !FolderListing($0.path).folders.isEmpty })
        else { return nil }
        guard others.isEmpty else {
            throw FormatError(
                file: "\(path)", found: "\(list(others.map(\.name))) beside \(list(parts.map(\.name)))",
                expected: "folders of parts (train, test, val) alone, or of classes alone")
        }
        return try divided(
            parts.map { part in
                let listing = try FolderListing(part.path)
                switch try ImagePlace(listing, in: part.path) {
                case .archives(let paths, let names):
                    let names = names ?? ClassNamesFile.find(in: path)
                    return (part.name, .archives(paths, names: names))
                case let place?: return (part.name, place)
                case nil where !listing.folders.isEmpty: return (part.name, .folders(part.path))
                case nil:
                    let (content, advice) = try description(of: listing, in: part.path)
                    throw FormatError(
                        file: "\(part.path)", found: "\(content): a part without class folders",
                        expected: "a folder of images for each class", advice: advice)
                }
            }, in: path)
    }

    /// The parts of archives whose names say which they belong to, as `train-000.tar` and `val-000.tar`.
    private static func archiveParts(_ place: ImagePlace, in path: FilePath) throws -> DataLayout? {
        guard case .archives(let paths, let names) = place else { return nil }
        let groups = Dictionary(grouping: paths) { archive in
            String(decoding: archive.name, as: UTF8.self).split { !$0.isLetter }.map { $0.lowercased() }
                .first(where: isPart)
        }
        guard groups.count > 1 else { return nil }
        if let stranger = groups[nil]?.first, let other = groups.first(where: { $0.key != nil })?.value.first {
            throw FormatError(
                file: "\(path)",
                found: "\(String(decoding: stranger.name, as: UTF8.self)) beside "
                    + "\(String(decoding: other.name, as: UTF8.self))",
                expected: "train, test or val in the names of all archives, or of none")
        }
        return try divided(
            groups.map { ($0 ?? "", .archives($1, names: names)) }.sorted { $0.0 < $1.0 }, in: path)
    }

    /// Which of the parts serves what.
    private static func divided(
        _ parts: [(name: String, place: ImagePlace)], in path: FilePath
    ) throws -> DataLayout {
        func named(_ names: [String]) throws -> Part? {
            let found = parts.filter { names.contains($0.name.lowercased()) }
            guard found.count < 2 else {
                throw FormatError(file: "\(path)", found: list(found.map(\.name)), expected: "one of them")
            }
            return found.first.map { Part(name: $0.name, place: $0.place) }
        }
        let (train, test, validation) = (try named(["train"]), try named(["test"]), try named(validationNames))
        guard let train, let second = test ?? validation else {
            let lonely = train.map { ($0.name, $0.place) } ?? parts[0]
            let whole =
                if case .archives = lonely.1 { "name the archives otherwise" } else {
                    "give \(path.appending(Array(lonely.0.utf8))) itself"
                }
            throw FormatError(
                file: "\(path)",
                problem:
                    "\(list(parts.map(\.name))) without \(train == nil ? "train" : "test or val") beside it",
                advice: "add one, or \(whole), and a fifth is held out for the test")
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

    static func kind(of file: FolderEntry) throws -> FileKind? {
        do { return FileKind(try InputFile.start(of: file.path)) } catch is FormatError { return nil }
    }

    /// What is there instead of a data set, and what to do about it.
    private static func description(
        of listing: FolderListing, in path: FilePath
    ) throws -> (found: String, advice: String?) {
        if let other = listing.others.first { return ("\(other.name), \(other.typeInWords),", nil) }
        let folders = listing.folders
        guard !folders.isEmpty || !listing.files.isEmpty else { return ("an empty folder", nil) }
        if folders.isEmpty { return ("\(try content(listing.files)) and no folder", try advice(listing.files)) }
        let inner = try folders.map { (folder: $0, listing: try FolderListing($0.path)) }
        if let first = inner.first(where: { !$0.listing.folders.isEmpty }), inner.count == 1 {
            return (
                "nothing but the folder \(folders[0].name), which holds \(list(first.listing.folders.map(\.name)))",
                "perhaps --data \(folders[0].path) is meant"
            )
        }
        let files = inner.flatMap(\.listing.files)
        return (
            "\(list(folders.map(\.name))) with \(files.isEmpty ? "no files" : try content(files))", try advice(files)
        )
    }

    /// What to do with files that are something else.
    private static func advice(_ files: [FolderEntry]) throws -> String? {
        if files.contains(where: { $0.name.lowercased().hasSuffix(".tar.gz") || $0.name.hasSuffix(".tgz") }) {
            return "tar shards are read as they are, not compressed: gunzip them"
        }
        let kinds = try files.prefix(1000).compactMap { try kind(of: $0) }
        if kinds.contains(.zip) { return "unpack it first" }
        return kinds.lazy.compactMap(\.advice).first
            ?? (kinds.contains(where: \.isImage)
                ? "make a folder for each class, or \(ImageTable.name) with a line FILE,CLASS for each image" : nil)
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
    private static func list(_ folders: [String]) -> String {
        let names = folders.prefix(3).joined(separator: ", ")
        return "folder\(folders.count == 1 ? "" : "s") \(names)"
            + (folders.count > 3 ? ", … (\(folders.count) in all)" : "")
    }
}
