import Datasets
import Foundation
import TensorCore

/// Which class a label in words or numbers means.
struct ClassLabels {
    /// Of the classes.
    let names: [String]
    private let places: [String: Int]
    private let namesFile: FilePath?

    /// - Parameters:
    ///   - labels: all that occur. Numbers are counted and words go by their bytes.
    ///   - namesFile: a file of the classes' names, one a line; a label is a name or counts its lines from 0.
    /// - Throws: `FormatError` for names that are given twice or not at all.
    init(_ labels: [String], namesFile: FilePath?) throws {
        self.namesFile = namesFile
        if let namesFile {
            names = try ClassNamesFile.read(namesFile)
        } else {
            let found = Set(labels)
            let numbers = Dictionary(found.compactMap { text in Int(text).map { ($0, text) } }) { $1 }
            names =
                numbers.count == found.count
                ? numbers.sorted { $0.key < $1.key }.map(\.value)
                : found.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        }
        places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    /// The place of a label's class.
    ///
    /// - Throws: `FormatError` for a label that the file of names does not have.
    func place(of label: String, file: String) throws(FormatError) -> Int {
        if let place = places[label] { return place }
        if let number = Int(label), names.indices.contains(number) { return number }
        throw FormatError(
            file: file, found: "label '\(label)'",
            expected: "0 ... \(names.count - 1) or a name of \(namesFile?.description ?? "the classes")")
    }
}
