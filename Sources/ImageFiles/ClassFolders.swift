import Datasets
import TensorCore

/// The files of a folder with a subfolder for each class, before any image is decoded.
struct ClassFolders {
    /// Of the classes, in the order of the names' bytes in composed form.
    private(set) var names: [String] = []
    /// What may be an image, class by class.
    private(set) var files: [(entry: FolderEntry, label: Int)] = []
    /// What is neither an image's file nor a class's folder, with the class that it lies in.
    private(set) var faults: [(className: String?, error: FormatError)] = []
    /// Files beside the classes that are no images.
    private(set) var ignored: [FolderEntry] = []

    /// Lists the classes and their files.
    ///
    /// - Throws: `FormatError` for a folder without classes, a class without files or whose folder cannot be listed,
    ///   and classes of one name: what is left out makes no other classes.
    init(_ path: FilePath) throws {
        let listing = try FolderListing(path)
        var folders: [(entry: FolderEntry, listing: FolderListing)] = []
        for entry in listing.entries {
            switch entry.type {
            case .folder: folders.append((entry, try FolderListing(entry.path)))
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
        try checkNames(folders.map(\.entry), in: path)
        for (label, (folder, inner)) in folders.enumerated() {
            names.append(folder.name)
            for entry in inner.entries {
                if entry.type == .file {
                    files.append((entry, label))
                } else {
                    faults.append((folder.name, entry.error(expected: "nothing but images in the folder of a class")))
                }
            }
            guard !inner.entries.isEmpty else {
                throw FormatError(file: "\(folder.path)", found: "no file", expected: "PNG or JPEG images")
            }
        }
    }

    /// Refuses names that look alike: two forms of one text, or bytes that are no text.
    private func checkNames(_ folders: [FolderEntry], in path: FilePath) throws {
        let alike = Dictionary(grouping: folders) { $0.name }.values.filter { $0.count > 1 }
        guard let first = alike.min(by: { $0[0].name < $1[0].name }) else { return }
        let forms = first.map { $0.nameBytes.map(FileKind.hex).joined(separator: " ") }
        throw FormatError(
            file: "\(path)",
            found: "\(first.count) folders of the name \(first[0].name) (bytes \(forms.joined(separator: "; ")))",
            expected: "a name of its own for each class")
    }

    /// The number of files of each class, faults among them.
    var counts: [(name: String, count: Int)] {
        var counts = [Int](repeating: 0, count: names.count)
        for file in files { counts[file.label] += 1 }
        let bad = Dictionary(grouping: faults.compactMap(\.className)) { $0 }
        return names.enumerated().map { label, name in (name, counts[label] + (bad[name]?.count ?? 0)) }
    }

    /// What is known of the files; ids count from 0.
    ///
    /// - Throws: `FormatError` for a file of no group.
    func index(_ rule: HeldOut) throws -> ImageIndex {
        let groups = try ImageGroups(rule)
        return ImageIndex(
            labels: files.map(\.label), classNames: names,
            identities: try files.map { file in
                try groups?.identity(of: "\(names[file.label])/\(file.entry.name)", file: "\(file.entry.path)")
                    ?? ImageIndex.identity(ofClass: names[file.label], file: file.entry.key)
            })
    }

    /// A line on what is not read, if there is something.
    var remark: String? {
        guard let first = ignored.first else { return nil }
        let others = ignored.count > 1 ? " and \(ignored.count - 1) more" : ""
        return "\(first.path)\(others) beside the folders of the classes: no image, not read"
    }
}
