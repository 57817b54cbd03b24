import Foundation
import TensorCore

/// A number with the given decimals, whatever the locale.
public func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

/// A share of 1 as percent with one decimal: 0.25 is `25.0 %`.
public func percent(_ share: Double) -> String { fixed(share * 100, 1) + " %" }

/// A number without needless decimals: 2 is `2`, and 2.5 is `2.5`.
public func shortest(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }

/// A whole number with a narrow space between thousands.
public func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return digits.enumerated().reduce("") { text, digit in
        let left = digits.count - digit.offset
        return text + (digit.offset > 0 && left % 3 == 0 ? "\u{202F}" : "") + String(digit.element)
    }
}

/// Text as it may stand in HTML and in attributes of its elements.
public func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "'": result += "&#39;"
        case "\"": result += "&quot;"
        default: result.append(character)
        }
    }
}

/// A result as JSON that a person can read, its keys in order, without control characters beside ends of lines.
public func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self).shownAsJSON
}

/// A value as JSON on one line, its keys in order: equal values give equal texts.
public func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
