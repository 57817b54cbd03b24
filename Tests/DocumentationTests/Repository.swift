import Foundation

/// The package that these tests are part of, as files.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Paths beneath a folder, relative to the root, in order; none where there is no such folder.
    static func files(in folder: String, endingWith ending: String) -> [String] {
        let found = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
        return (found?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(ending) }.map { "\(folder)/\($0)" }
            .sorted()
    }

    /// Folders in a folder, by name, without those that hold no file of the given ending.
    static func folders(in folder: String, holding ending: String) -> [String] {
        let paths = files(in: folder, endingWith: ending).map { $0.dropFirst(folder.count + 1) }
        return Set(paths.filter { $0.contains("/") }.compactMap { $0.split(separator: "/").first.map(String.init) })
            .sorted()
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func lines(_ path: String) throws -> [String] {
        try text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The pages that a user reads: the README, those in `docs`, the catalogues of the libraries.
    static let documents =
        ["README.md", "CONTRIBUTING.md"] + files(in: "docs", endingWith: ".md")
        + files(in: "Sources", endingWith: ".md").filter { $0.contains(".docc/") }
}

/// A page, taken apart into prose and fenced blocks of code.
struct Page {
    struct Block {
        /// What stands behind the opening fence: `swift`, or nothing.
        let language: String
        let lines: [String]
    }

    private(set) var prose: [String] = []
    private(set) var blocks: [Block] = []
    private(set) var endsInsideBlock = false

    init(_ path: String) throws {
        var open: (language: String, lines: [String])?
        for line in try Repository.lines(path) {
            let isFence = line.trimmingPrefix { $0 == " " }.hasPrefix("```")
            switch (open, isFence) {
            case (nil, true): open = (String(line.drop { $0 == " " || $0 == "`" }), [])
            case (nil, false): prose.append(line)
            case (let block?, true):
                blocks.append(Block(language: block.language, lines: block.lines))
                open = nil
            case (_?, false): open?.lines.append(line)
            }
        }
        endsInsideBlock = open != nil
    }
}

/// The blocks of Swift code in a file's documentation comments: indented by four columns more than the text, as in
/// CommonMark, or fenced and called `swift`. What is no Swift (formulas, JSON) is fenced and called something else.
func snippetsOfComments(_ lines: [String]) -> [[String]] {
    var blocks: [[String]] = []
    var (open, language): ([String], String?) = ([], nil)
    var canBegin = false
    func close() {
        if open.contains(where: { !$0.isEmpty }) { blocks.append(open) }
        open = []
    }
    for line in lines {
        let text = line.drop { $0 == " " }
        guard text.hasPrefix("///") else {
            close()
            (canBegin, language) = (true, nil)
            continue
        }
        let comment = text.dropFirst(3)
        let content = comment.drop { $0 == " " }
        if content.hasPrefix("```") {
            close()
            language = language == nil ? String(content.dropFirst(3)) : nil
        } else if let language {
            if language == "swift" { open.append(String(content)) }
        } else if content.isEmpty {
            canBegin = true
            if !open.isEmpty { open.append("") }
        } else if comment.hasPrefix("     "), canBegin || !open.isEmpty {
            open.append(String(content))
            canBegin = false
        } else {
            close()
            canBegin = false
        }
    }
    close()
    return blocks
}
