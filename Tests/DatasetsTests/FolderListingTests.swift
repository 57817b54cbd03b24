import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("Entries of folders")
struct FolderListingTests {
    @Test("every kind of entry is listed as what it is; only hidden and systems' own ones are passed over")
    func kinds() throws {
        try withTemporaryFolder { folder in
            for name in ["inner", "__MACOSX", ".git"] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: false)
            }
            for name in ["b.png", ".DS_Store", "Thumbs.db", "desktop.ini", "a.txt"] { try folder.file(name, [1]) }
            #expect(mkfifo(folder.appending(path: "pipe").path, 0o600) == 0)
            for (name, target) in [("dead", "/nowhere"), ("circle", "circle"), ("link", "inner"), ("file", "b.png")] {
                #expect(symlink(target, folder.appending(path: name).path) == 0)
            }
            let listing = try FolderListing(folder)
            #expect(listing.files.map(\.name) == ["a.txt", "b.png", "file"])
            #expect(listing.folders.map(\.name) == ["inner", "link"])
            #expect(listing.others.map(\.name) == ["circle", "dead", "pipe"])
            #expect(listing.others[1].type == .unknown("No such file or directory"))
            #expect(listing.others[2].error(expected: "x").description.hasSuffix("/pipe: a pipe found, x expected"))
        }
    }

    @Test("names that are no text are bytes: listed, opened, and shown with a mark; two forms of one text are one name")
    func names() throws {
        try withTemporaryFolder { folder in
            let path = FilePath(folder)
            // "é" composed (NFC) and as a letter with an accent (NFD), and in Latin-1.
            for name in ["caf\u{E9}".utf8.map { $0 }, Array("cafe\u{301}".utf8), Array("caf".utf8) + [0xE9]] {
                let descriptor = path.appending(name).withCString { creat($0, 0o600) }
                #expect(descriptor >= 0 && write(descriptor, [7], 1) == 1 && close(descriptor) == 0)
            }
            let files = try FolderListing(folder).files
            #expect(Set(files.map(\.name)) == ["caf\u{E9}", "caf\u{FFFD}"] && files.count == 3)
            #expect(Set(files.map(\.key)).count == 2)
            for file in files { #expect(try InputFile.read(file.path) == Data([7])) }
            #expect(files.contains { "\($0.path)".hasSuffix("caf\u{FFFD}") })
        }
    }

    @Test("what is no folder is refused with what it is")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let file = try folder.file("f", [1])
            for (url, found) in [(file, "a file"), (folder.appending(path: "none"), "no such file or folder")] {
                let error = #expect(throws: FormatError.self) { try FolderListing(url) }
                #expect(error?.found == found && error?.file == url.path)
            }
        }
    }
}
