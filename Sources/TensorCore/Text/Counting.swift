extension Int {
    /// The number with what it counts, as a message says it: "1 class", "2 classes".
    ///
    /// - Parameters:
    ///   - one: the word for one.
    ///   - many: the word for several; nil where an s makes it.
    package func counted(_ one: String, _ many: String? = nil) -> String {
        self == 1 ? "1 \(one)" : "\(self) \(many ?? one + "s")"
    }

    /// Bytes with a digit behind the point, for tables: "18.8 kB", "22.0 MB".
    package var bytesInTables: String {
        let (value, unit) = self < 1_000_000 ? (Double(self) / 1e3, "kB") : (Double(self) / 1e6, "MB")
        return "\((value * 10).rounded() / 10) \(unit)"
    }

    /// Bytes in the largest unit of which there are ten or more: "290 kB", "12 MB".
    package var bytesInWords: String {
        self < 10_000 ? counted("byte") : self < 10_000_000 ? "\(self / 1000) kB" : "\(self / 1_000_000) MB"
    }
}

extension Sequence<String> {
    /// The first three in a sentence: "a, b, c and 2 more".
    package var firstInWords: String {
        let all = Array(self)
        return all.count <= 3 ? all.inWords : "\(all.prefix(3).joined(separator: ", ")) and \(all.count - 3) more"
    }

    /// As a list in a sentence: "k.1, k.2 and k.best".
    package var inWords: String {
        let all = Array(self)
        return all.count < 2
            ? all.joined() : all.dropLast().joined(separator: ", ") + " and " + all[all.count - 1]
    }
}
