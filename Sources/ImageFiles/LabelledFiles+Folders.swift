import Datasets
import TensorCore

extension LabelledFiles {
    /// The files of a folder with a subfolder for each class, whose files lie in it at any depth.
    ///
    /// Classes and files are in the order of their names' bytes in composed form, folder by folder; links are followed.
    ///
    /// - Throws: `FormatError` for a folder without classes, a class without files, a folder that cannot be listed, and
    ///   classes of one name.
    init(folders path: FilePath) throws {
        let listing = try FolderListing(path)
        var faults: [(className: String?, error: FormatError)] = []
        var (ignored, folders) = ([FolderEntry](), [FolderEntry]())
        for entry in listing.entries {
            switch entry.type {
            case .folder: folders.append(entry)
            case .file:
                // Not all may be read; that says nothing of the classes.
                let kind = try? FileKind(InputFile.start(of: entry.path))
                if kind?.isImage == true {
                    faults.append(
                        (
                            nil,
                            FormatError(
                                file: "\(entry.path)", problem: "an image beside the folders of the classes",
                                advice: "move it into the folder of its class")
                        ))
                } else {
                    ignored.append(entry)
                }
            default: faults.append((nil, entry.error(expected: "folders of images, one for each class")))
            }
        }
        guard !folders.isEmpty else {
            throw FormatError(file: "\(path)", found: "no subfolder", expected: "one of images for each class")
        }
        try Self.checkNames(folders, in: path)
        var (paths, labels, keys, leftOut) = ([FilePath](), [Int](), [[UInt8]](), listing.leftOut)
        for (label, folder) in folders.enumerated() {
            var walk = FolderWalk(above: path)
            try walk.add(folder)
            guard !walk.files.isEmpty || !walk.faults.isEmpty else {
                throw FormatError(
                    file: "\(folder.path)", problem: "a class without a file",
                    advice: "remove the empty folder, or put PNG or JPEG images into it")
            }
            paths += walk.files.map(\.path)
            keys += walk.files.map(\.key)
            labels += [Int](repeating: label, count: walk.files.count)
            faults += walk.faults.map { (folder.name, $0) }
            leftOut += walk.leftOut
        }
        self.init(
            name: "\(path)", files: SeparateFiles(paths: paths), classNames: folders.map(\.name), labels: labels,
            keys: keys, faults: faults, remarks: Self.remarks(on: ignored, leftOut: leftOut, in: path))
    }

    /// Refuses names that look alike: two forms of one text, or bytes that are no text.
    private static func checkNames(_ folders: [FolderEntry], in path: FilePath) throws {
        let alike = Dictionary(grouping: folders) { $0.name }.values.filter { $0.count > 1 }
        guard let first = alike.min(by: { $0[0].name < $1[0].name }) else { return }
        let forms = first.map { $0.nameBytes.map(FileKind.hex).joined(separator: " ") }
        throw FormatError(
            file: "\(path)",
            found: "\(first.count) folders of the name \(first[0].name) (bytes \(forms.joined(separator: "; ")))",
            expected: "a name of its own for each class")
    }

    /// Lines on what is not read, if there is something.
    private static func remarks(on ignored: [FolderEntry], leftOut: [String], in path: FilePath) -> [String] {
        var lines: [String] = []
        if let first = ignored.first {
            let others = ignored.count > 1 ? " and \(ignored.count - 1) more" : ""
            lines.append("\(first.path)\(others) beside the folders of the classes: no image, not read")
        }
        if let first = leftOut.first {
            let others = leftOut.count > 1 ? ", …" : ""
            lines.append(
                "\(path): \(leftOut.count.counted("hidden entry", "hidden entries")) left out (\(first)\(others))")
        }
        return lines
    }
}

/// All files beneath a folder.
private struct FolderWalk {
    private(set) var files: [(path: FilePath, key: [UInt8])] = []
    /// Entries that are neither files nor folders, and folders that were walked through already.
    private(set) var faults: [FormatError] = []
    /// The names of hidden entries.
    private(set) var leftOut: [String] = []
    /// The folders that it has been in, and that which it must not come to.
    private var known: Set<FileIdentity> = []

    /// - Parameter above: the folder of the classes.
    init(above: FilePath) {
        if let identity = FileIdentity(existing: above) { known.insert(identity) }
    }

    /// Adds what lies in a folder, at any depth.
    ///
    /// - Parameter start: the keys of the folders above, each with a slash.
    mutating func add(_ folder: FolderEntry, beneath start: [UInt8] = []) throws {
        // Links can lead in circles, or twice to the same images.
        guard let identity = FileIdentity(existing: folder.path), known.insert(identity).inserted else {
            faults.append(
                FormatError(
                    file: "\(folder.path)", found: "a link to a folder above it or that was read already",
                    expected: "each folder once"))
            return
        }
        let listing = try FolderListing(folder.path)
        leftOut += listing.leftOut
        for entry in listing.entries {
            switch entry.type {
            case .file: files.append((entry.path, start + entry.key))
            case .folder: try add(entry, beneath: start + entry.key + [UInt8(ascii: "/")])
            default: faults.append(entry.error(expected: "nothing but images in the folder of a class"))
            }
        }
    }
}
