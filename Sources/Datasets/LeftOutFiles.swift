import TensorCore

/// The files of a data set that cannot be read and were left out of it.
public struct LeftOutFiles: Encodable, Sendable {
    /// One file.
    public struct File: Encodable, Sendable {
        /// Its path.
        public let file: String
        /// What was found instead of an image.
        public let reason: String
    }

    /// How many files of a class are missing.
    public struct Share: Encodable, Sendable {
        /// The class's name.
        public let name: String
        /// The number of its files that were left out, and of all of them.
        public let leftOut, of: Int
    }

    /// The number of files left out.
    public let count: Int
    /// The classes that lack files, in their order.
    public let classes: [Share]
    /// Each file, in the order of the folder.
    public let files: [File]

    /// Sums up.
    ///
    /// - Parameters:
    ///   - errors: with the class of each file, nil beside the classes.
    ///   - counts: the number of files of each class, those left out among them.
    public init(_ errors: [(className: String?, error: FormatError)], of counts: [(name: String, count: Int)]) {
        count = errors.count
        files = errors.map { _, error in
            // Of a table the line says which of its files.
            let place = error.place.hasPrefix("line ") ? "\(error.place): " : ""
            return File(file: error.file, reason: place + error.found)
        }
        let byClass = Dictionary(grouping: errors.compactMap(\.className)) { $0 }.mapValues(\.count)
        classes = counts.compactMap { entry in
            byClass[entry.name].map { Share(name: entry.name, leftOut: $0, of: entry.count) }
        }
    }

    /// How many of which class, in one line.
    public var summary: String {
        let shares = classes.map { "\($0.leftOut) of \($0.of) in \($0.name)" }.joined(separator: ", ")
        return "\(count.counted("file")) left out\(shares.isEmpty ? "" : " (\(shares))")"
    }

    /// The summary, and up to ten of the files with what they are.
    public var text: String {
        let lines = files.prefix(10).map { "  \($0.file): \($0.reason)" }
        let more = count > lines.count ? ["  and \((count - lines.count).counted("other")) (all with --json)"] : []
        return ([summary] + lines + more).joined(separator: "\n")
    }
}

/// What a user should know of a data set that was read.
public struct DataNotes: Encodable, Sendable {
    /// Files that cannot be read and were left out, where that was asked for.
    public let leftOut: LeftOutFiles?
    /// What else there is to say, a line each.
    public let remarks: [String]

    /// Notes; nothing to say without arguments.
    public init(leftOut: LeftOutFiles? = nil, remarks: [String] = []) {
        self.leftOut = leftOut
        self.remarks = remarks
    }

    /// All of it, with the names of up to ten files; empty where there is nothing to say.
    public var lines: [String] { remarks + (leftOut.map { [$0.text] } ?? []) }

    /// The end of a result's text: a line break and a line for each note, without names of files.
    public var ending: String {
        (remarks + (leftOut.map { [$0.summary] } ?? [])).map { "\n\($0)" }.joined()
    }
}
