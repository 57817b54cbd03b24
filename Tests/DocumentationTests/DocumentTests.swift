import Foundation
import Testing

@Suite struct DocumentTests {
    @Test(
        "Every link leads to a file that is there", arguments: Repository.documents.filter { !$0.hasPrefix("Sources/") }
    )
    func links(document: String) throws {
        let folder = Repository.root.appendingPathComponent(document).deletingLastPathComponent()
        for line in try Page(document).prose {
            let targets =
                line.matches(of: /\]\(([^)\s]+)[^)]*\)/).map(\.output.1)
                + line.matches(of: /(?:src|srcset|href)="([^"]+)"/).map(\.output.1)
            for target in targets where !target.contains("://") && !target.hasPrefix("mailto:") {
                guard let path = target.split(separator: "#", omittingEmptySubsequences: false).first, !path.isEmpty
                else { continue }
                #expect(
                    FileManager.default.fileExists(atPath: folder.appendingPathComponent(String(path)).path),
                    "\(document): there is no file \(path)")
            }
        }
    }

    @Test("The README lists every example")
    func examples() throws {
        let readme = try Repository.text("README.md")
        let names = Repository.folders(in: "Examples", holding: "main.swift")
        #expect(!names.isEmpty)
        for name in names where !readme.contains("`\(name)`") {
            Issue.record("README.md does not list the example \(name)")
        }
    }

    @Test("Every room has a page, and declares the symbols that its pages link to")
    func symbols() throws {
        for room in Room.libraries {
            let sources = try Repository.files(in: "Sources/\(room)", endingWith: ".swift").map(Repository.text)
                .joined(separator: "\n")
            let declared = Set(
                sources.matches(of: /\b(?:struct|class|enum|protocol|func|var|let|case|typealias) (\w+)/)
                    .map { String($0.output.1) })
            let pages = Repository.files(in: "Sources/\(room)/\(room).docc", endingWith: ".md")
            #expect(pages.contains("Sources/\(room)/\(room).docc/\(room).md"), "\(room) has no page")
            for link in try pages.flatMap({ try Page($0).prose }).flatMap({ $0.matches(of: /``([^`]+)``/) }) {
                for part in link.output.1.split(separator: "/") where part != room {
                    let name = String(part.prefix { $0 != "(" })
                    if !declared.contains(name) { Issue.record("\(room).docc: \(room) declares no \(name)") }
                }
            }
        }
    }
}
