import Datasets
import Foundation
import TensorCore

extension LabelledFiles {
    /// The files that a table of comma-separated values names with their classes, a record each.
    ///
    /// A first record that calls its columns `file` (or `filename`, `file_name`, `path`, `image`) and `label` (or
    /// `class`, `class_name`, `category`, `target`) says which they are; without it there are two. Files are named from
    /// the table's folder and must lie in it. Classes and files are in the order of a folder of the same classes.
    ///
    /// - Throws: `FormatError` for a path that leads out of the folder, and for a file that is named twice.
    init(_ table: ImageTable) throws {
        let path = table.path
        var rows: [(parts: [[UInt8]], path: FilePath, label: String)] = []
        var faults: [(className: String?, error: FormatError)] = []
        var lines: [[[UInt8]]: Int] = [:]
        for row in table.rows {
            func fault(_ found: String, _ expected: String) -> FormatError {
                FormatError(file: "\(path)", place: "line \(row.line)", found: found, expected: expected)
            }
            let parts = row.file.precomposedStringWithCanonicalMapping.split(separator: "/").filter { $0 != "." }
                .map { Array($0.utf8) }
            guard !row.file.hasPrefix("/"), !parts.isEmpty, !parts.contains(Array("..".utf8)) else {
                throw fault("the path '\(row.file)'", "a path within \(path.folder), relative to it,")
            }
            if let first = lines[parts] {
                throw fault("'\(row.file)' as in line \(first)", "each file once")
            }
            lines[parts] = row.line
            let label = row.label.precomposedStringWithCanonicalMapping
            guard !label.isEmpty else {
                faults.append((nil, fault("no label of '\(row.file)'", "the name of its class")))
                continue
            }
            guard let file = ImageTable.file(row.file, in: path.folder) else {
                faults.append(
                    (
                        label,
                        FormatError(
                            file: "\(path)", place: "line \(row.line)",
                            problem: "there is no file \(row.file) in \(path.folder)")
                    ))
                continue
            }
            rows.append((parts, file, label))
        }
        // The order of bytes, as class folders have it.
        let names = Set(rows.map(\.label) + faults.compactMap(\.className))
            .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let sorted = rows.map { row in
            let key = Self.key(of: Array(row.parts.joined(separator: Array("/".utf8))), in: row.label)
            return (label: places[row.label] ?? 0, key: key, parts: key.split(separator: UInt8(ascii: "/")), row.path)
        }.sorted { left, right in
            left.label != right.label
                ? left.label < right.label
                : left.parts.lexicographicallyPrecedes(right.parts) { $0.lexicographicallyPrecedes($1) }
        }
        self.init(
            name: "\(path)", files: SeparateFiles(paths: sorted.map(\.3)), classNames: names,
            labels: sorted.map(\.label), keys: sorted.map(\.key), faults: faults,
            remarks: try Self.remarks(on: table, naming: Set(rows.map { String(decoding: $0.parts[0], as: UTF8.self) }))
        )
    }

    /// Lines on columns that are not read and on folders beside the table of which it names no file.
    private static func remarks(on table: ImageTable, naming first: Set<String>) throws -> [String] {
        let others = try FolderListing(table.path.folder).folders.map(\.name).filter { !first.contains($0) }
        let (columns, path) = (table.otherColumns, table.path)
        return [
            columns.isEmpty
                ? nil
                : "\(path): \(columns.count == 1 ? "column" : "columns") \(columns.inWords) not read: neither file nor label",
            others.isEmpty ? nil : "\(path) is read; of \(others.firstInWords) beside it it names no file",
        ].compactMap(\.self)
    }
}

/// The columns of a table that names files and their classes.
struct ImageTable {
    /// The name of the table that is looked for in a folder.
    static let name = "labels.csv"

    let path: FilePath
    let rows: [(line: Int, file: String, label: String)]
    /// Names of columns that are neither.
    let otherColumns: [String]

    private static let fileColumns = ["file", "filename", "file_name", "path", "image"]
    private static let labelColumns = ["label", "class", "class_name", "category", "target"]

    /// Reads a table.
    ///
    /// - Throws: `FormatError` for one without these columns or without records.
    init(_ path: FilePath) throws {
        self.path = path
        let records = try CSVRecords.records(
            of: TextFile.decoded(InputFile.read(path), file: "\(path)"), file: "\(path)")
        guard let first = records.first else {
            throw FormatError(file: "\(path)", found: "no line", expected: "a file and its label in each")
        }
        let names = first.fields.map { $0.lowercased() }
        let places = [Self.fileColumns, Self.labelColumns].map { columns in
            names.indices.filter { columns.contains(names[$0]) }
        }
        let hasHeader = places.allSatisfy { $0.count == 1 }
        let (file, label, width) = hasHeader ? (places[0][0], places[1][0], names.count) : (0, 1, 2)
        otherColumns = hasHeader ? names.indices.filter { $0 != file && $0 != label }.map { names[$0] } : []
        rows = try records.dropFirst(hasHeader ? 1 : 0).map { record in
            guard record.fields.count == width else {
                throw FormatError(
                    file: "\(path)", place: "line \(record.line)", found: record.fields.count.counted("column"),
                    expected: hasHeader
                        ? "\(width), as in the first line" : "2 divided by a comma, the file and its label",
                    advice: hasHeader ? nil : "of more columns a first line says which they are: file,label")
            }
            return (record.line, record.fields[file], record.fields[label])
        }
        guard !rows.isEmpty else {
            throw FormatError(file: "\(path)", found: "a first line alone", expected: "a file and its label in each")
        }
    }

    /// Whether the first record names a file that is there.
    var leads: Bool { rows.first.map { Self.file($0.file, in: path.folder) != nil } ?? false }

    /// The file of a path beneath a folder, in whichever form its letters are written; nil where there is none.
    static func file(_ path: String, in folder: FilePath) -> FilePath? {
        let forms = [path, path.precomposedStringWithCanonicalMapping, path.decomposedStringWithCanonicalMapping]
        return forms.lazy.map { folder.appending(Array($0.utf8)) }.first { (try? FileType(of: $0)) == .file }
    }
}
