/// Something from outside the program is not what it should be: a file, a recipe, an option.
///
/// Reads as one line: `train-images.gz: at byte 0: magic 0x00000801 found, 0x00000803 (images, 3 axes) expected`, and
/// after a semicolon what to do, where that does not show by itself.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file, or the name of the option or recipe.
    public let file: String
    /// The place in it: `at byte 16`, `header`, `tensor stage1.weight`; empty when the whole is meant.
    public let place: String
    /// What was found there.
    public let found: String
    /// What should have been there.
    public let expected: String
    /// What to do about it: `copy the file again`; nil where that shows by itself.
    public private(set) var advice: String?

    /// Creates an error from its parts.
    public init(file: String, place: String = "", found: String, expected: String, advice: String? = nil) {
        self.file = file
        self.place = place
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    public var description: String {
        let location = place.isEmpty ? file : "\(file): \(place)"
        return "\(location): \(found) found, \(expected) expected\(advice.map { "; \($0)" } ?? "")"
    }

    /// The same error with another thing that can be done about it.
    package func advising(_ other: String) -> FormatError {
        var error = self
        error.advice = advice.map { "\($0), or \(other)" } ?? other
        return error
    }
}
