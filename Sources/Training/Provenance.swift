import Foundation
import TensorCore

/// What stored work came from, by name: settings, and fingerprints of what is large. A run that differs in one of them
/// may not go on from the work.
package struct Provenance: Hashable, Sendable, Codable {
    /// Each part's text or fingerprint by its name.
    package var values: [String: String]

    /// Bundles what work comes from.
    package init(_ values: [String: String]) { self.values = values }

    package init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: String].self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    /// The first name, in their order, whose part is another or missing in one of the two; nil where all are the same.
    package func difference(from other: Provenance) -> String? {
        Set(values.keys).union(other.values.keys).sorted().first { values[$0] != other.values[$0] }
    }
}

/// A file of stored work: tensors, a text that says what they are, and a checksum over both.
package struct SealedFile {
    /// The text's key in the file's metadata.
    package let key: String
    /// How the format is called; the first is written, all are read.
    package let formats: [String]
    /// What an undamaged file holds, for an error.
    package let content: String

    /// Describes a kind of file.
    package init(key: String, formats: [String], content: String) {
        self.key = key
        self.formats = formats
        self.content = content
    }

    /// The file of some work.
    package func file(_ text: String, _ tensors: [String: Tensor]) -> SafetensorsFile {
        SafetensorsFile(
            metadata: ["format": formats[0], key: text, "checksum": Self.checksum(text, tensors)],
            entries: tensors.mapValues { .init($0) })
    }

    /// The text and the tensors of a file.
    ///
    /// - Throws: `FormatError` for a file of another format, and one that was damaged.
    package func open(_ file: SafetensorsFile) throws -> (text: String, tensors: [String: Tensor]) {
        guard formats.contains(file.metadata["format"] ?? ""), let text = file.metadata[key] else {
            throw FormatError(
                file: file.source, place: "metadata", found: "format '\(file.metadata["format"] ?? "none")'",
                expected: "'\(formats[0])'")
        }
        let tensors = try file.tensors()
        guard file.metadata["checksum"] == Self.checksum(text, tensors) else {
            throw FormatError(
                file: file.source, place: "metadata", found: "another checksum than the content's",
                expected: "undamaged \(content)")
        }
        return (text, tensors)
    }

    private static func checksum(_ text: String, _ tensors: [String: Tensor]) -> String {
        Fingerprint.of {
            $0.add(text)
            $0.add(tensors)
        }
    }
}

extension SafetensorsFile {
    /// All tensors by name.
    ///
    /// - Throws: `FormatError` for one that cannot be read, the first by name.
    func tensors() throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for name in entries.keys.sorted() { tensors[name] = try tensor(name) }
        return tensors
    }
}

/// Values as texts of their own: the same value as the same text, its keys in order, losses that are infinite included.
package enum StableCoding {
    /// A value as JSON.
    package static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(value)
    }

    /// A value as text.
    package static func text(_ value: some Encodable) throws -> String {
        String(decoding: try data(value), as: UTF8.self)
    }

    /// Reads what ``data(_:)`` wrote.
    package static func value<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(type, from: data)
    }
}
