import Foundation
import TensorCore

/// Which of a teacher's classes mean which classes of the data: a JSON object from the one to the other, such as
/// `{"tabby": "cat", "tiger cat": "cat", "beagle": "dog"}`.
///
/// Classes of a model that does not name them are called by their numbers from 0. Several may mean one class of the
/// data; those that are not in the object mean none.
public struct ClassMap: Sendable {
    /// The file that the map was read from.
    public let file: String
    let meanings: [String: String]

    /// Reads a map.
    ///
    /// - Throws: `FormatError` for a file that is no such object.
    public init(_ url: URL) throws {
        file = url.pathAsGiven
        meanings = try Self.meanings(in: TextFile.read(url), file: file)
    }

    private static func meanings(in text: String, file: String) throws -> [String: String] {
        func fault(_ found: String, at place: String = "") -> FormatError {
            FormatError(
                file: file, place: place, found: found,
                expected: #"a JSON object from the teacher's classes to the data's, such as {"tabby": "cat"}"#)
        }
        let meanings: [String: String]
        do { meanings = try JSONDecoder().decode([String: String].self, from: Data(text.utf8)) } catch {
            switch error {
            case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty,
                DecodingError.valueNotFound(_, let context) where !context.codingPath.isEmpty:
                throw fault("a value that is no text", at: "'\(context.codingPath[0].stringValue)'")
            case DecodingError.typeMismatch: throw fault("a value that is no object")
            default: throw fault("text that is no JSON, or cut short,")
            }
        }
        // Which of two a decoder takes is not said.
        let keys = text.matches(of: /"((?:[^"\\]|\\.)*)"(\s*:)?/).filter { $0.output.2 != nil }.map(\.output.1)
        let numbers = Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +)
        if let twice = numbers.keys.filter({ numbers[$0] != 1 }).min() {
            throw FormatError(file: file, problem: "'\(twice)' comes twice", advice: "leave one of them out")
        }
        guard !meanings.isEmpty else { throw fault("an empty object") }
        return meanings
    }

    /// A map whose classes are known.
    public init(_ meanings: [String: String], file: String = "class map") {
        (self.meanings, self.file) = (meanings, file)
    }

    /// For each of the names the places of the outputs that mean it.
    ///
    /// - Parameters:
    ///   - names: the classes of the data.
    ///   - outputs: the teacher's, in their order.
    /// - Throws: `FormatError` for a class that one of them does not have, and for one of the data that no output
    ///   means.
    func outputs(meaning names: [String], among outputs: [String]) throws(FormatError) -> [[Int]] {
        for (known, all, owner) in [
            (meanings.keys.sorted(), outputs, "the teacher"), (meanings.values.sorted(), names, "the data"),
        ] {
            guard let odd = Set(known).subtracting(all).min() else { continue }
            throw FormatError(
                file: file, found: "class '\(odd)'", expected: "one of \(owner)'s \(StoredModel.list(all))")
        }
        return try names.map { name throws(FormatError) in
            let places = outputs.indices.filter { meanings[outputs[$0]] == name }
            guard !places.isEmpty else {
                throw FormatError(
                    file: file, found: "no class of the teacher that means '\(name)'",
                    expected: "1 or more for each of the data's \(StoredModel.list(names))")
            }
            return places
        }
    }
}

extension StoredModel {
    /// For each class of some data the model's outputs that mean it, where the model is to teach a network of those
    /// classes alone.
    ///
    /// - Parameters:
    ///   - names: the classes of the data.
    ///   - map: which outputs mean what; when omitted, those of the same names.
    /// - Returns: nil where the outputs are those classes, in their order.
    /// - Throws: `FormatError` with both lists where a class of the data is none of the model's, and as the map does.
    public func outputs(meaning names: [String], by map: ClassMap? = nil) throws -> [[Int]]? {
        let own = description.classNames
        if let map { return try map.outputs(meaning: names, among: own) }
        if own == names || !namesClasses && own.count == names.count { return nil }
        let places = Dictionary(own.enumerated().map { ($1, $0) }) { first, _ in first }
        let outputs = names.compactMap { places[$0] }
        guard namesClasses, outputs.count == names.count else {
            let missing = names.first { places[$0] == nil }
            let problem =
                namesClasses
                ? "it has no class '\(missing ?? "")' among its \(Self.list(own)), and the data have \(Self.list(names))"
                : "it has \(own.count.counted("class", "classes")) without names, and the data have \(Self.list(names))"
            throw FormatError(
                file: url.relativePath, problem: problem,
                advice: "give a map of classes, a JSON object such as {\"tabby\": \"cat\"}, by --teacher-classes")
        }
        return outputs.map { [$0] }
    }
}
