import ArgumentParser
import Retort

/// Refuses an option's value outside its range, as wrong usage.
func checkOption<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
    guard range.contains(value) else {
        throw ValidationError("--\(name): \(value) found, \(range.lowerBound) to \(range.upperBound) expected")
    }
}

/// What a command found, in words or as JSON.
protocol CommandResult: Encodable {
    /// In words.
    var text: String { get }
}

extension CommandResult {
    /// Writes the result to standard output; JSON has its keys in order.
    func show(asJSON: Bool) throws { print(asJSON ? try jsonText(self) : text) }
}
