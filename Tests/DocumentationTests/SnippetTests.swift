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

/// Records that a compiler has not seen a snippet, and where the nearest that it has seen stands.
private func expectCompiled(_ lines: [String], of place: String) {
    let snippet = normalized(lines)
    let best = compiled.map { ($0.path, longestMatch(snippet, in: $0.lines)) }.max { $0.1 < $1.1 }
    guard let (path, found) = best, found < snippet.count else { return }
    Issue.record(
        """
        \(place): the snippet that begins with
            \(snippet[0])
        stands nowhere in an example or in a file of snippets. The nearest is \(path), up to the line
            \(snippet[found])
        """)
}

@Suite struct SnippetTests {
    @Test("A compiler has seen every snippet of a document", arguments: Repository.documents)
    func snippets(document: String) throws {
        let page = try Page(document)
        #expect(!page.endsInsideBlock, "\(document): a block of code is not closed")
        for block in page.blocks where block.language == "swift" { expectCompiled(block.lines, of: document) }
    }

    @Test("A compiler has seen every snippet of a documentation comment")
    func comments() throws {
        var count = 0
        for file in Repository.files(in: "Sources", endingWith: ".swift") {
            for lines in snippetsOfComments(try Repository.lines(file)) {
                expectCompiled(lines, of: file)
                count += 1
            }
        }
        #expect(count > 20)
    }

    @Test("Snippets of comments are told from text, lists, formulas and what stands between two comments")
    func blocks() {
        let lines = """
            /// Text
            ///     that goes on.
            ///
            ///     let a = 1
            ///
            ///     let b = 2
            ///
            /// - Parameter a: long,
            ///     and longer.
            struct A {
                ///     a.first()
                func f() {}
                /// ```text
                ///     a · b
                /// ```
                ///
                /// ```swift
                /// a.f()
                /// ```
                var x: Int
            }
            """
        let found = snippetsOfComments(lines.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        #expect(found.map(normalized) == [["let a = 1", "let b = 2"], ["a.first()"], ["a.f()"]])
    }

    @Test("There are snippets to check, and files to compare them with")
    func somethingIsChecked() throws {
        #expect(compiled.count > 7)
        #expect(try Page("README.md").blocks.filter { $0.language == "swift" }.count > 3)
        #expect(longestMatch(["let a = 1", "let b = 3"], in: ["let b = 3", "let a = 1", "let b = 2"]) == 1)
    }
}
