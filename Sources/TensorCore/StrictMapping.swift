/// A mapping from names to values in a description that a person wrote: an unknown name is an error.
package struct StrictMapping {
    private typealias Fault = ConfigurationError

    private struct Name: CodingKey {
        let stringValue: String
        let intValue: Int?

        init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
        init?(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
    }

    private let values: KeyedDecodingContainer<Name>

    /// Reads a mapping.
    ///
    /// - Parameter known: the names that may be there; nil for any.
    /// - Throws: `ConfigurationError` for another name, `DecodingError` for what is no mapping.
    package init(_ decoder: any Decoder, known: [String]? = nil) throws {
        values = try decoder.container(keyedBy: Name.self)
        try check(known)
    }

    /// Checks the names once more, where a value decides which there may be.
    ///
    /// - Throws: `ConfigurationError`.
    package func check(_ known: [String]?) throws {
        guard let known else { return }
        if let other = values.allKeys.map(\.stringValue).filter({ !known.contains($0) }).min() {
            throw fault(other, .unknownName(other, known: known))
        }
    }

    /// Whether there is a value of this name.
    package func has(_ name: String) -> Bool { values.contains(Name(stringValue: name)) }

    /// A value that must be there.
    ///
    /// - Throws: `ConfigurationError` for a number that the type does not hold, `DecodingError` for everything else.
    package func value<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        let key = Name(stringValue: name)
        do { return try values.decode(type, forKey: key) } catch  where !(error is DecodingError || error is Fault) {
            // A decoder of JSON has an error of its own for a number that does not fit, and forgets where it was.
            if let number = try? values.decode(Double.self, forKey: key) {
                throw fault(name, "\(number) found, \(Self.expectation(of: type, for: number)) expected")
            }
            throw DecodingError.dataCorrupted(
                .init(codingPath: values.codingPath + [key], debugDescription: "\(error)"))
        }
    }

    private static func expectation(of type: Any.Type, for number: Double) -> String {
        guard let whole = type as? any FixedWidthInteger.Type else { return "a number up to 3.4e38" }
        return number.rounded() == number ? "a whole number from \(whole.min) to \(whole.max)" : "a whole number"
    }

    /// A value, or what stands for it where there is none.
    ///
    /// - Throws: `DecodingError` for one of another type.
    package func value<Value: Decodable>(_ name: String, or standard: Value) throws -> Value {
        has(name) ? try value(name) : standard
    }

    /// One of several things by its name.
    ///
    /// - Throws: `ConfigurationError` for a name that none has.
    package func choice<Value>(_ name: String, of choices: [(name: String, value: Value)]) throws -> Value {
        let found = try value(name, as: String.self)
        guard let choice = choices.first(where: { $0.name == found }) else {
            throw fault(name, "'\(found)' is none of \(choices.map(\.name).joined(separator: ", "))")
        }
        return choice.value
    }

    /// An error about one of the values.
    package func fault(_ name: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(path + [.name(name)], problem)
    }

    /// An error about the whole.
    package func fault(_ problem: String) -> ConfigurationError { ConfigurationError(path, problem) }

    private func fault(_ name: String, _ error: ConfigurationError) -> ConfigurationError { fault(name, error.problem) }

    private var path: [ConfigurationError.Key] { values.codingPath.map(ConfigurationError.Key.init) }
}

extension ConfigurationError.Key {
    /// The same step of a way through a decoder's document.
    package init(_ key: any CodingKey) { self = key.intValue.map(Self.index) ?? .name(key.stringValue) }
}

extension ConfigurationError {
    /// A name that nothing has, with the nearest of those that something has, or all of a few.
    package static func unknownName(_ name: String, known: [String]) -> Self {
        let near = name.question(among: known)
        let all = near.isEmpty && known.count <= 8 ? ", one of \(known.joined(separator: ", ")) expected" : ""
        return Self([.name(name)], "unknown key\(near)\(all)")
    }
}

extension String {
    /// "; did you mean 'steps'?" with the nearest of some names; empty where none is near.
    package func question(among names: [String]) -> String {
        let near = names.map { (name: $0, distance: $0.distance(to: self)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        // A slip or two; in a long word a few more.
        guard let near, near.distance <= Swift.max(2, count / 3), near.distance < count else { return "" }
        return "; did you mean '\(near.name)'?"
    }

    /// The least number of characters to insert, delete or replace between two texts (Levenshtein 1966).
    fileprivate func distance(to other: String) -> Int {
        var row = Array(0...other.count)
        for (index, character) in enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, counterpart) in other.enumerated() {
                let replaced = diagonal + (character == counterpart ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}
