import Foundation
import TestSupport
import Testing

@testable import TensorCore

@Suite("Whether a file can be written is known before the work that goes into it")
struct OutputFileTests {
    @Test("The check refuses whatever the write would refuse, with the same words, and leaves nothing")
    func probeIsTheWrite() throws {
        try withTemporaryFolder { folder in
            func path(_ name: String) -> URL { URL(fileURLWithPath: folder.path + "/" + name) }
            try Data("keep".utf8).write(to: path("protected"))
            #expect(chmod(path("protected").path, 0o444) == 0)
            #expect(symlink("circle", path("circle").path) == 0)
            #expect(symlink("no/such/file", path("lost").path) == 0)
            try FileManager.default.createDirectory(at: path(".taken.partial"), withIntermediateDirectories: false)
            let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            for (name, cause) in [
                ("new/", "it is the name of a folder; give that of a file"),
                ("protected", "the file there is read-only (chmod u+w, or another name)"),
                ("circle", "Too many levels of symbolic links"),
                ("lost", "the folder \(folder.path)/no/such does not exist"),
                ("protected/x", "\(folder.path)/protected is no folder"),
                (String(repeating: "n", count: 250), "File name too long"),
                ("taken", "Is a directory"),
            ] {
                let probed = #expect(throws: FileWriteError.self) { try OutputFile.check(path(name)) }
                let written = #expect(throws: FileWriteError.self) { try AtomicFile.write(Data([1]), to: path(name)) }
                #expect(probed == written && probed?.cause == cause, "\(name): \(probed?.cause ?? "")")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
            #expect(try Data(contentsOf: path("protected")) == Data("keep".utf8))
        }
    }

    @Test("A link to nothing yet, also behind another link, is followed: the file appears where it leads")
    func danglingLink() throws {
        try withTemporaryFolder { folder in
            let disk = folder.appending(path: "disk")
            try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
            #expect(symlink("second", folder.appending(path: "first").path) == 0)
            #expect(symlink("disk/model", folder.appending(path: "second").path) == 0)
            let link = folder.appending(path: "first")
            try OutputFile.check(link)
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
            try AtomicFile.write(Data([7]), to: link)
            #expect(try Data(contentsOf: disk.appending(path: "model")) == Data([7]))
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "second")
        }
    }

    @Test("Folders for results are checked with what is written in them, and gone again after the check")
    func folders() throws {
        try withTemporaryFolder { folder in
            let deep = folder.appending(path: "a/b/c")
            try OutputFile.checkFolder(deep, files: ["report.html"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            try OutputFile.prepareFolder(deep)
            try OutputFile.checkFolder(deep)
            try FileManager.default.createDirectory(
                at: deep.appending(path: "report.html"), withIntermediateDirectories: false)
            #expect(throws: FileWriteError.self) { try OutputFile.checkFolder(deep, files: ["report.html"]) }
            try Data().write(to: folder.appending(path: "file"))
            let error = #expect(throws: FileWriteError.self) {
                try OutputFile.checkFolder(folder.appending(path: "file/x/y"))
            }
            #expect(error?.cause.hasSuffix("/file is no folder") == true)
            let own = #expect(throws: FileWriteError.self) {
                try OutputFile.checkFolder(folder.appending(path: "file"))
            }
            #expect(own?.cause == "it is a file; give the name of a folder")
        }
    }

    @Test("Files that belong together: where one cannot be written, the others keep their content")
    func together() throws {
        try withTemporaryFolder { folder in
            let (header, source) = (folder.appending(path: "n.h"), folder.appending(path: "n.c"))
            try AtomicFile.write([(Data([1]), header), (Data([1]), source)])
            #expect(chmod(source.path, 0o444) == 0)
            #expect(throws: FileWriteError.self) { try AtomicFile.write([(Data([2]), header), (Data([2]), source)]) }
            #expect(try Data(contentsOf: header) == Data([1]) && Data(contentsOf: source) == Data([1]))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["n.c", "n.h"])
        }
    }

    @Test("Kept under a second name, content stays when the file is replaced, also where the file is a link")
    func keeping() throws {
        try withTemporaryFolder { folder in
            let (url, older) = (folder.appending(path: "run"), folder.appending(path: "run.1"))
            try FileManager.default.createDirectory(
                at: folder.appending(path: "disk"), withIntermediateDirectories: false)
            #expect(symlink("disk/run", url.path) == 0)
            for number in UInt8(1)...3 {
                if number > 1 { try AtomicFile.keep(url, as: older) }
                try AtomicFile.write(Data([number]), to: url)
                if number > 1 { #expect(try Data(contentsOf: older) == Data([number - 1])) }
            }
            #expect(try Data(contentsOf: folder.appending(path: "disk/run")) == Data([3]))
            // What lies in the way and is no file stays.
            let taken = folder.appending(path: "taken")
            try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: false)
            try Data([9]).write(to: taken.appending(path: "mine"))
            #expect(throws: FileWriteError.self) { try AtomicFile.keep(url, as: taken) }
            #expect(throws: FileWriteError.self) { try AtomicFile.move(older, to: taken) }
            #expect(try Data(contentsOf: taken.appending(path: "mine")) == Data([9]))
        }
    }

    #if os(Linux)
        @Test("A full disk in the second of two files leaves both as they were")
        func fullDisk() async {
            await #expect(processExitsWith: .success) {
                try withTemporaryFolder { folder throws in
                    let urls = ["n.h", "n.c"].map { folder.appending(path: $0) }
                    try AtomicFile.write([(Data([1]), urls[0]), (Data([1]), urls[1])])
                    try onFullDisk(after: 65_536) {
                        #expect(throws: FileWriteError.self) {
                            try AtomicFile.write([(Data([2]), urls[0]), (Data(count: 100_000), urls[1])])
                        }
                    }
                    #expect(try urls.map { try Data(contentsOf: $0) } == [Data([1]), Data([1])])
                }
            }
        }
    #endif
}
