import Foundation
import TensorCore

/// The names of classes beside data that have numbers alone: a text file, one name a line.
package enum ClassNamesFile {
    /// What such a file is called, in the order in which they are looked for.
    package static let names = ["classes.txt", "classnames.txt"]

    /// The one in a folder, if there is one.
    package static func find(in folder: FilePath) -> FilePath? {
        names.lazy.map { folder.appending(Array($0.utf8)) }.first { (try? FileType(of: $0)) == .file }
    }

    /// The names, each once.
    ///
    /// - Throws: `FormatError` for a file without names or with the same one twice, and as `TextFile` has it.
    package static func read(_ path: FilePath) throws -> [String] {
        let text = try TextFile.decoded(InputFile.read(path), file: "\(path)")
        var (names, lines): ([String], [String: Int]) = ([], [:])
        for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let name = line.trimmingCharacters(in: .whitespaces).precomposedStringWithCanonicalMapping
            if name.isEmpty { continue }
            if let first = lines[name] {
                throw FormatError(
                    file: "\(path)", place: "line \(place + 1)", found: "'\(name)' as in line \(first)",
                    expected: "a name of its own for each class")
            }
            lines[name] = place + 1
            names.append(name)
        }
        guard !names.isEmpty else {
            throw FormatError(file: "\(path)", found: "no name", expected: "those of the classes, one a line")
        }
        return names
    }
}
