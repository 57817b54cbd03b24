import Foundation

/// A JSON value with each of its parts in turn replaced by something else, left out, or doubled: what a reader of a
/// state that somebody forged must stand.
///
/// - Parameters:
///   - value: as `JSONSerialization` has it.
///   - place: of the value in the whole, for descriptions.
/// - Returns: each changed value with a description of the change.
public func jsonChanges(of value: Any, at place: String = "") -> [(String, Any)] {
    let replacements: [Any] = [
        -1, 0, 7, Int(1) << 62, Int.max, Int.min, 1e308, "nan", "-inf", NSNull(), [Any](), ["a": 1],
    ]
    var found = replacements.map { ("\(place) = \($0)", $0) }
    if let object = value as? [String: Any] {
        for (key, inner) in object.sorted(by: { $0.key < $1.key }) {
            found.append(("no \(place).\(key)", object.filter { $0.key != key }))
            found += jsonChanges(of: inner, at: "\(place).\(key)").map { name, changed in
                (name, object.merging([key: changed]) { $1 })
            }
        }
    } else if let list = value as? [Any], let first = list.first {
        found.append(("\(place) longer", list + [first]))
        found.append(("\(place) shorter", Array(list.dropLast())))
        found += jsonChanges(of: first, at: "\(place)[0]").map { ($0, [$1] + list.dropFirst()) }
    }
    return found
}
