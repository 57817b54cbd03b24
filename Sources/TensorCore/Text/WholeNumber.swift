/// How a whole number is written, in options, recipes and policies alike: a sign where there is one, and digits.
package enum WholeNumber {
    /// From where to where a whole number may be.
    package struct Range: Sendable {
        private let holds: @Sendable (String) -> Bool
        /// "1 to 100000000".
        package let text: String

        /// The numbers of a range.
        package init<Whole: FixedWidthInteger & Sendable>(_ range: ClosedRange<Whole>) {
            holds = { text in Whole(text).map(range.contains) ?? false }
            text = "\(range.lowerBound) to \(range.upperBound)"
        }

        /// All numbers of a type.
        package init<Whole: FixedWidthInteger & Sendable>(of type: Whole.Type) { self.init(Whole.min...Whole.max) }

        /// Whether a text is a number of the range; one of any length may be asked for.
        fileprivate func contains(_ text: String) -> Bool { holds(text) }
    }

    /// What is to be said to be expected in place of a text; nil for a text that is a whole number.
    ///
    /// YAML 1.1 takes `0100` for 64, `1_000` for 1000 and `1:30` for 90, so none of them is taken at all.
    ///
    /// - Parameter range: from where to where it may be; nil for anywhere.
    package static func expectation(of text: String, within range: Range? = nil) -> String? {
        let digits = ["-", "+"].contains(text.first) ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            let isOfYAML = digits.first?.isNumber == true && digits.allSatisfy { $0.isHexDigit || "_:xo".contains($0) }
            return isOfYAML ? "a whole number in digits alone" : "a whole number"
        }
        if digits.count > 1 && digits.first == "0" { return "a whole number without leading zeros" }
        return range.flatMap { $0.contains(text) ? nil : $0.text }
    }
}
