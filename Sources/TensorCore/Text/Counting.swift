extension Int {
    /// The number with what it counts, as a message says it: "1 class", "2 classes".
    ///
    /// - Parameters:
    ///   - one: the word for one.
    ///   - many: the word for several; nil where an s makes it.
    package func counted(_ one: String, _ many: String? = nil) -> String {
        self == 1 ? "1 \(one)" : "\(self) \(many ?? one + "s")"
    }
}
