/// Something from outside the program is not what it should be: a file, a recipe, an option.
///
/// Reads as one line: `train-images.gz: at byte 0: magic 0x00000801 found, 0x00000803 (images, 3 axes) expected`. Where
/// nothing else should stand in the place of what was found, a sentence says what is wrong: `m.onnx: no such file`.
/// After a semicolon comes what to do, where that does not show by itself.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file, or the name of the option or recipe.
    public let file: String
    /// The place in it: `at byte 16`, `header`, `tensor stage1.weight`; empty when the whole is meant.
    public let place: String
    /// What was found there; where ``expected`` is empty, a sentence that says what is wrong.
    public let found: String
    /// What should have been there; empty where ``found`` says all.
    public let expected: String
    /// What to do about it: `copy the file again`; nil where that shows by itself.
    public private(set) var advice: String?

    /// Creates an error of something that stands where something else should.
    public init(file: String, place: String = "", found: String, expected: String, advice: String? = nil) {
        self.file = file
        self.place = place
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    /// Creates an error that a sentence describes: `no such file`.
    public init(file: String, place: String = "", problem: String, advice: String? = nil) {
        self.init(file: file, place: place, found: problem, expected: "", advice: advice)
    }

    /// What is wrong and what to do, without the file and the place.
    public var problem: String {
        (expected.isEmpty ? found : "\(found) found, \(expected) expected") + (advice.map { "; \($0)" } ?? "")
    }

    public var description: String { "\(place.isEmpty ? file : "\(file): \(place)"): \(problem)" }

    /// The same error with another thing that can be done about it.
    package func advising(_ other: String) -> FormatError {
        var error = self
        error.advice = advice.map { "\($0), or \(other)" } ?? other
        return error
    }
}
