import Datasets
import TensorCore

/// Image files with their classes, before any image is decoded.
struct LabelledFiles {
    /// What errors call the whole.
    let name: String
    let files: any EncodedFiles
    /// Of the classes.
    let classNames: [String]
    /// The class of each file.
    let labels: [Int]
    /// The path of each file beneath the folder of its class, in composed form where it is text: with the class, what
    /// it is known by.
    let keys: [[UInt8]]
    /// What cannot be used, with the class that it belongs to.
    let faults: [(className: String?, error: FormatError)]
    /// Lines on what is not read.
    let remarks: [String]

    /// Finds the files at a place.
    ///
    /// - Throws: `FormatError` for classes without files and for what says nothing of classes: what is left out makes
    ///   no other classes. `MachineError` where the machine cannot read something.
    init(_ place: ImagePlace) throws {
        switch place {
        case .folders(let path): try self.init(folders: path)
        case .table(let table): try self.init(table)
        case .archives(let paths, let names): try self.init(archives: paths, classNames: names)
        }
    }

    init(
        name: String, files: any EncodedFiles, classNames: [String], labels: [Int], keys: [[UInt8]],
        faults: [(className: String?, error: FormatError)], remarks: [String]
    ) {
        (self.name, self.files, self.classNames, self.labels) = (name, files, classNames, labels)
        (self.keys, self.faults, self.remarks) = (keys, faults, remarks)
    }

    /// `class/file`, as groups and packed files have it.
    func path(of number: Int) -> String {
        "\(classNames[labels[number]])/\(String(decoding: keys[number], as: UTF8.self))"
    }

    /// A path without the name of its class at the beginning, so that a file is known by the same names in a folder and
    /// elsewhere.
    static func key(of path: [UInt8], in className: String) -> [UInt8] {
        let folder = Array(className.utf8) + [UInt8(ascii: "/")]
        return path.starts(with: folder) ? Array(path.dropFirst(folder.count)) : path
    }

    /// The number of files of each class, faults among them.
    var counts: [(name: String, count: Int)] {
        var counts = [Int](repeating: 0, count: classNames.count)
        for label in labels { counts[label] += 1 }
        let bad = Dictionary(grouping: faults.compactMap(\.className)) { $0 }
        return zip(classNames, counts).map { name, count in (name, count + (bad[name]?.count ?? 0)) }
    }

    /// What is known of the files; ids count from 0.
    ///
    /// - Throws: `FormatError` for a file of no group.
    func index(_ rule: HeldOut) throws -> ImageIndex {
        let groups = try ImageGroups(rule)
        return ImageIndex(
            labels: labels, classNames: classNames,
            identities: try keys.indices.map { number in
                try groups?.identity(of: path(of: number), file: files.name(of: number))
                    ?? ImageIndex.identity(ofClass: classNames[labels[number]], file: keys[number])
            })
    }
}
