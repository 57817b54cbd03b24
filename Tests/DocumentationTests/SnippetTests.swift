import Foundation
import Testing

/// The same words in the same order; indentation, alignment and empty lines do not count.
private func normalized(_ lines: [String]) -> [String] {
    lines.map { $0.split(separator: " ").joined(separator: " ") }.filter { !$0.isEmpty }
}

/// What is compiled and may be quoted.
private let compiled: [(path: String, lines: [String])] = {
    let paths =
        Repository.files(in: "Examples", endingWith: "/main.swift")
        + Repository.files(in: "Tests/DocumentationTests", endingWith: ".swift").filter { $0.contains("/Snippets") }
    return paths.compactMap { path in (try? Repository.lines(path)).map { (path, normalized($0)) } }
}()

/// How many lines of a snippet stand one after another in a file, at the place where most do.
private func longestMatch(_ snippet: [String], in lines: [String]) -> Int {
    lines.indices.filter { lines[$0] == snippet.first }.reduce(0) { best, start in
        max(best, zip(snippet, lines[start...]).prefix { $0 == $1 }.count)
    }
}

@Suite struct SnippetTests {
    @Test("A snippet in a document that no compiler has seen", arguments: Repository.documents)
    func snippets(document: String) throws {
        let page = try Page(document)
        #expect(!page.endsInsideBlock, "\(document): a block of code is not closed")
        for block in page.blocks where block.language == "swift" {
            let snippet = normalized(block.lines)
            let best = compiled.map { ($0.path, longestMatch(snippet, in: $0.lines)) }.max { $0.1 < $1.1 }
            guard let (path, found) = best, found < snippet.count else { continue }
            Issue.record(
                """
                \(document): the snippet that begins with
                    \(snippet[0])
                stands nowhere in an example or in Snippets.swift. The nearest is \(path), up to the line
                    \(snippet[found])
                """)
        }
    }

    @Test("A check that finds no snippets, or nothing to compare them with, passes in vain")
    func somethingIsChecked() throws {
        #expect(compiled.count > 7)
        #expect(try Page("README.md").blocks.filter { $0.language == "swift" }.count > 3)
        #expect(longestMatch(["let a = 1", "let b = 3"], in: ["let b = 3", "let a = 1", "let b = 2"]) == 1)
    }
}
