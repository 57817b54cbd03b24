/// How a whole number is written, in options, recipes and policies alike: a sign where there is one, and digits.
package enum WholeNumber {
    /// What is to be said to be expected in place of a text; nil for a text that is a whole number.
    ///
    /// YAML 1.1 takes `0100` for 64, `1_000` for 1000 and `1:30` for 90, so none of them is taken at all.
    package static func expectation(of text: String) -> String? {
        let digits = ["-", "+"].contains(text.first) ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            let isOfYAML = digits.first?.isNumber == true && digits.allSatisfy { $0.isHexDigit || "_:xo".contains($0) }
            return isOfYAML ? "a whole number in digits alone" : "a whole number"
        }
        return digits.count > 1 && digits.first == "0" ? "a whole number without leading zeros" : nil
    }
}
