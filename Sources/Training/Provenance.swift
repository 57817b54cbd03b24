import Foundation
import TensorCore

/// What stored work came from, by name: settings, and fingerprints of what is large. A run that differs in one of them
/// may not go on from the work.
package struct Provenance: Hashable, Sendable, Codable {
    /// Each part's text or fingerprint by its name.
    package private(set) var values: [String: String] = [:]
    /// The parts in the order in which they were added, and what to say where one differs; of stored work nothing.
    private var phrases: [(name: String, phrase: String)] = []

    /// Bundles nothing yet.
    package init() {}

    /// Adds a part. Of several that differ the one that was added first is named.
    ///
    /// - Parameters:
    ///   - value: its text or fingerprint.
    ///   - isPlural: whether the name is of several things.
    package mutating func add(_ name: String, _ value: String, isPlural: Bool = false) {
        values[name] = value
        phrases.append((name, isPlural ? "other \(name)" : "another \(name)"))
    }

    /// Leaves a part out.
    package mutating func remove(_ name: String) {
        values[name] = nil
        phrases.removeAll { $0.name == name }
    }

    package init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: String].self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    package static func == (left: Self, right: Self) -> Bool { left.values == right.values }

    package func hash(into hasher: inout Hasher) { hasher.combine(values) }

    /// What to say of work that came from something else, as what was found; nil where all parts are the same.
    ///
    /// A part that only one of the two has comes first, as the work is then of another kind; then one of which the
    /// differing numbers and names can be told, as a seed shows in much else; then the first that was added.
    ///
    /// - Parameter other: what the present work comes from.
    package func difference(from other: Provenance) -> String? {
        let names = Set(values.keys).union(other.values.keys).sorted().filter { values[$0] != other.values[$0] }
        if let alone = names.first(where: { values[$0] == nil || other.values[$0] == nil }) {
            return "a run \(values[alone] == nil ? "without" : "with") \(alone)"
        }
        for name in names {
            guard let details = details(of: name, against: other) else { continue }
            // What is known by its fingerprint alone is what differs, and not only in what it differs.
            return details.hasPrefix("another ") ? details : "another \(name) (\(details))"
        }
        return other.phrases.first { names.contains($0.name) }?.phrase
    }

    /// Whether a part is another one.
    func differs(_ name: String, from other: Provenance) -> Bool { values[name] != other.values[name] }

    /// Of a part that is JSON in both, which numbers and names differ: `steps 10, now 20`, the first few of many; nil
    /// for another part.
    private func details(of name: String, against other: Provenance) -> String? {
        func leaves(_ text: String?) -> [String: String]? {
            guard let text, !text.isFingerprint else { return nil }
            return try? StableCoding.value(JSONLeaves.self, from: Data(text.utf8)).leaves
        }
        guard let old = leaves(values[name]), let new = leaves(other.values[name]) else { return nil }
        let differing = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
        guard !differing.isEmpty else { return nil }
        // A setting of which one number differs is named with that number's name, without the way to it.
        let settings = differing.map { String($0.prefix { $0 != "." }) }
        let texts = zip(differing, settings).map { path, setting in
            let (before, now) = (old[path] ?? "none", new[path] ?? "none")
            let values = "\(before), now \(now)"
            guard !path.isEmpty else { return values }
            // Of fingerprints nobody knows the digits.
            if before.isFingerprint && now.isFingerprint { return "another \(setting)" }
            let keys = path.split(separator: ".")
            let last = keys.count == 1 || keys.last == "_0" ? "" : " (\(keys[keys.count - 1]))"
            return "\(settings.count { $0 == setting } == 1 ? setting + last : path) \(values)"
        }
        return texts.count > 5
            ? texts.prefix(4).joined(separator: "; ") + "; and \(texts.count - 4) more"
            : texts.joined(separator: "; ")
    }
}

extension String {
    /// Whether it is a text that ``Fingerprint`` gives.
    fileprivate var isFingerprint: Bool { count == 16 && allSatisfy(\.isHexDigit) }
}

/// The values at the ends of a JSON text, by the keys on the way there.
private struct JSONLeaves: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private(set) var leaves: [String: String] = [:]

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Key.self) {
            for key in object.allKeys { add(try object.decode(Self.self, forKey: key), under: key.stringValue) }
        } else if var list = try? decoder.unkeyedContainer() {
            while !list.isAtEnd { add(try list.decode(Self.self), under: "\(list.currentIndex)") }
        } else {
            let value = try decoder.singleValueContainer()
            let number =
                (try? value.decode(Int.self)).map(String.init) ?? (try? value.decode(Double.self)).map { "\($0)" }
            let word = (try? value.decode(Bool.self)).map(String.init) ?? (try? value.decode(String.self))
            leaves = ["": number ?? word ?? "null"]
        }
    }

    private mutating func add(_ value: Self, under key: String) {
        for (path, leaf) in value.leaves { leaves[path.isEmpty ? key : "\(key).\(path)"] = leaf }
    }
}

/// A file of stored work: tensors and whole numbers, a text that says what they are, and a checksum over all.
package struct SealedFile {
    /// The text's key in the file's metadata.
    package let key: String
    /// How the format is called; the first is written, all are read.
    package let formats: [String]
    /// Formats of older versions, which are refused as such.
    package let older: [String]
    /// What such a file is called, with its article: "a checkpoint".
    package let name: String
    /// What to do about a damaged file; nil where whoever reads it says that.
    package let remedy: String?

    /// Describes a kind of file.
    package init(name: String, key: String, formats: [String], older: [String] = [], remedy: String? = nil) {
        self.name = name
        self.key = key
        self.formats = formats
        self.older = older
        self.remedy = remedy
    }

    /// The file of some work.
    package func file(
        _ text: String, _ tensors: [String: Tensor], integers: [String: [Int64]] = [:]
    ) -> SafetensorsFile {
        let metadata = ["format": formats[0], key: text, "checksum": Self.checksum(text, tensors, integers)]
        var file = SafetensorsFile(metadata: metadata, entries: tensors.mapValues { .init($0) })
        for (name, values) in integers { file.entries[name] = .init(values) }
        return file
    }

    /// The text, the tensors and the whole numbers of a file.
    ///
    /// - Throws: `FormatError` for a file of another format, and one that was damaged.
    package func open(
        _ file: SafetensorsFile
    ) throws -> (text: String, tensors: [String: Tensor], integers: [String: [Int64]]) {
        let format = file.metadata["format"] ?? "none"
        guard formats.contains(format), let text = file.metadata[key] else {
            let advice =
                older.contains(format) ? "an older version of Retort wrote it; finish the run with that one" : nil
            throw FormatError(
                file: file.source, found: older.contains(format) ? "\(name) in the format '\(format)'" : file.contents,
                expected: older.contains(format) ? "'\(formats[0])'" : name, advice: advice)
        }
        var tensors: [String: Tensor] = [:]
        var integers: [String: [Int64]] = [:]
        for (name, entry) in file.entries.sorted(by: { $0.key < $1.key }) {
            if entry.dataType == .int64 {
                integers[name] = try file.elements(name)
            } else {
                tensors[name] = try file.tensor(name)
            }
        }
        guard file.metadata["checksum"] == Self.checksum(text, tensors, integers) else {
            throw FormatError(
                file: file.source, problem: "damaged: its checksum is not that of its content", advice: remedy)
        }
        return (text, tensors, integers)
    }

    private static func checksum(
        _ text: String, _ tensors: [String: Tensor], _ integers: [String: [Int64]]
    ) -> String {
        Fingerprint.of {
            $0.add(text)
            $0.add(tensors)
            for (name, values) in integers.sorted(by: { $0.key < $1.key }) {
                $0.add(name)
                for value in values { $0.add(UInt64(bitPattern: value)) }
            }
        }
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
