import ArgumentParser
import Retort

/// Refuses an option's value outside its range.
///
/// - Throws: `ConfigurationError`.
func checkSetting<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
    guard range.contains(value) else {
        throw ConfigurationError(
            [.name(name)],
            "\(shortText(value)) found, \(shortText(range.lowerBound)) to \(shortText(range.upperBound)) expected")
    }
}

/// A number as people write it: 1 and not 1.0, 1e-9 and not 1e-09.
func shortText(_ value: some Any) -> String {
    let text = "\(value)"
    return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text).replacing("e-0", with: "e-")
}

/// Refuses a network's name that is none.
///
/// - Throws: `ConfigurationError`.
func checkArchitecture(_ option: String, _ name: String) throws {
    do { _ = try NetworkRegistry.standard.family(of: name) } catch let fault as FormatError {
        throw ConfigurationError([.name(option)], fault.problem)
    }
}

/// Refuses an option's value outside its range, as wrong usage of a command that has no recipes.
func checkOption<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
    do { try checkSetting(name, value, range) } catch { throw ValidationError("--\(error)") }
}

/// What a command found, in words or as JSON.
protocol CommandResult: Encodable {
    /// In words.
    var text: String { get }
}

extension CommandResult {
    /// Writes the result to standard output; JSON has its keys in order.
    func show(asJSON: Bool) throws { try StandardStream.write((asJSON ? jsonText(self) : text.shownInLines) + "\n") }
}
