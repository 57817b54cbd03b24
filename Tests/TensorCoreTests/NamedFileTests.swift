import Foundation
import TestSupport
import Testing

@testable import TensorCore

@Suite("What is written is nothing that is read")
struct NamedFileTests {
    /// A folder with a model, links to it, and data of two classes.
    private func withFiles(_ body: (_ path: (String) -> String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            func path(_ name: String) -> String { "\(folder.path)/\(name)" }
            for name in ["data/cat", "data/dog", "sub"] {
                try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
            }
            for name in ["model", "data/cat/1.png", "data/labels.gz", ".aside.partial"] {
                try Data([1]).write(to: URL(fileURLWithPath: path(name)))
            }
            #expect(symlink("model", path("link")) == 0 && link(path("model"), path("second")) == 0)
            #expect(symlink("data/cat", path("cats")) == 0 && symlink("later", path("dangling")) == 0)
            try body(path)
        }
    }

    private func fault(_ files: NamedFile...) -> String? {
        do {
            try NamedFile.check(files)
            return nil
        } catch let fault as NamedFile.Fault {
            return "\(fault)"
        } catch {
            return "another error: \(error)"
        }
    }

    @Test("The same file is found behind every spelling, link and second name, and both options are named")
    func sameFile() throws {
        try withFiles { path throws in
            for (output, input) in [
                ("model", "model"), ("./model", "model"), ("sub/../model", "model"), ("link", "model"),
                ("model", "link"), ("second", "model"), ("dangling", "later"), ("later", "dangling"),
                ("new", "new"), ("aside", ".aside.partial"),
            ] {
                let found = fault(
                    NamedFile("--teacher", path(input), .read), NamedFile("--output", path(output), .written))
                #expect(found?.contains("--output: ") == true && found?.contains("--teacher") == true, "\(output)")
            }
            #expect(
                fault(NamedFile("--teacher", path("model"), .read), NamedFile("--output", path("model2"), .written))
                    == nil)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path("sub")).isEmpty)
        }
    }

    @Test("Two outputs are two files, also where one lies in a folder of results and where neither exists")
    func outputs() throws {
        try withFiles { path throws in
            for (first, second) in [
                (NamedFile("--output", path("x"), .written), NamedFile("--checkpoint", path("sub/../x"), .written)),
                (
                    NamedFile("--output", path("sub/report.json"), .written),
                    NamedFile("--report", path("sub"), .folder(files: ["report.json"]))
                ),
                (
                    NamedFile("--output", path("r/report.json"), .written),
                    NamedFile("--report", path("r"), .folder(files: ["report.json"]))
                ),
                (NamedFile("--output", path("r"), .written), NamedFile("--report", path("r"), .folder(files: []))),
            ] {
                let found = fault(first, second)
                #expect(found?.contains(first.option) == true && found?.contains(second.option) == true)
            }
            // States of one run share their content until the newest is written anew.
            #expect(
                fault(
                    NamedFile("--checkpoint", path("model"), .written),
                    NamedFile("--checkpoint", path("second"), .written)) == nil)
        }
    }

    @Test("Nothing is written where it would pass for data: in a class, as a class, over a file of the set")
    func amongData() throws {
        try withFiles { path throws in
            let data = NamedFile("--data", path("data"), .data { $0 == "labels.gz" })
            for output in [
                NamedFile("--output", path("data/cat/new"), .written),
                NamedFile("--output", path("cats/new.png"), .written),
                NamedFile("--output", path("data/emu/new"), .written),
                NamedFile("--output", path("data/labels.gz"), .written),
                NamedFile("--report", path("data/report"), .folder(files: [])),
                NamedFile("--report", path("data/cat/a/b"), .folder(files: [])),
                NamedFile("--report", path("cats"), .folder(files: [])),
                NamedFile("--report", path("sub/../data"), .folder(files: [])),
            ] {
                let found = fault(data, output)
                #expect(found?.contains("\(output.option): ") == true && found?.contains("--data") == true)
            }
            // Beside the classes and around the data there is room.
            #expect(fault(data, NamedFile("--output", path("data/model"), .written)) == nil)
            #expect(fault(data, NamedFile("--report", path("."), .folder(files: ["r"]))) == nil)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path("data")).count == 3)
        }
    }

    @Test("The name of a folder is wrong usage for a file, before anything is looked at")
    func folderNames() throws {
        try withFiles { path throws in
            for name in ["new/", "sub", "sub/.", "..", ""] {
                let found = fault(NamedFile("--output", name.isEmpty ? "" : path(name), .written))
                let problem =
                    name.isEmpty ? "'' found, the name of a file expected" : "is the name of a folder; give that"
                #expect(found?.contains(problem) == true, "\(name)")
            }
        }
    }
}
