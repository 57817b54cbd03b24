import Foundation

/// Changes of single values in JSON, as an input's bytes say them: what comes out is JSON always, so that every input
/// gets behind the parser.
struct JSONEdits {
    /// Three bytes an edit: two for the value's place, one for what it becomes.
    let bytes: [UInt8]

    private static var values: [Any] {
        [
            NSNull(), true, -1, 0, 1, 2, 255, 65_536, 1 << 31, 1 << 53, Int.max, Int.min, 0.5, -0.5,
            Double.leastNonzeroMagnitude, 1e308, "", "x", "nan", "inf", "-inf", [Any](), [0], [String: Any](), ["x": 0],
        ]
    }

    func applied(to text: String) throws -> String {
        var root = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
        for edit in stride(from: 0, to: bytes.count - 2, by: 3) {
            var leaf = (Int(bytes[edit]) << 8 | Int(bytes[edit + 1])) % max(1, Self.count(root))
            root = replaced(root, &leaf, by: Int(bytes[edit + 2]))
        }
        let data = try JSONSerialization.data(withJSONObject: root, options: [.fragmentsAllowed, .sortedKeys])
        return String(decoding: data, as: UTF8.self)
    }

    /// How many values there are, those that hold others among them.
    private static func count(_ value: Any) -> Int {
        switch value {
        case let object as [String: Any]: object.values.reduce(1) { $0 + count($1) }
        case let array as [Any]: array.reduce(1) { $0 + count($1) }
        default: 1
        }
    }

    /// The value with its leaf-th part replaced, doubled, left out, or made longer by one.
    private func replaced(_ value: Any, _ leaf: inout Int, by choice: Int) -> Any {
        if leaf == 0 {
            leaf -= 1
            if let array = value as? [Any], choice >= 128 {
                return choice % 2 == 0 ? Array(array.dropLast()) : array + array.suffix(1)
            }
            if let number = value as? Int, choice >= 128 { return number &+ (choice - 192) }
            return Self.values[choice % Self.values.count]
        }
        leaf -= 1
        guard leaf >= 0 else { return value }
        switch value {
        case let object as [String: Any]:
            var result = object
            for key in object.keys.sorted() {
                if let part = object[key] { result[key] = replaced(part, &leaf, by: choice) }
            }
            return result
        case let array as [Any]: return array.map { replaced($0, &leaf, by: choice) }
        default: return value
        }
    }
}
