import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("What else lies in a folder of images")
struct FolderFaultTests {
    static let size = ImageSize(height: 2, width: 2, channels: 1)

    static func read(_ folder: URL, skippingBad: Bool = false) throws -> DividedData {
        try DividedData(folder: folder, size: size, skippingBad: skippingBad)
    }

    /// The file and what was found of a refused read.
    static func refusal(_ folder: URL) -> String? {
        let error = #expect(throws: FormatError.self) { try read(folder) }
        return error.map { "\($0.file.split(separator: "/").suffix(2).joined(separator: "/")): \($0.found)" }
    }

    @Test("an entry that is no file and no folder is an error that names it, or is left out and counted on request")
    func strangers() throws {
        for (path, found, byClass) in [
            ("emu", "a link to something that does not exist", 0),
            ("cat/dead.png", "a link to something that does not exist", 1),
            ("cat/circle.png", "something that cannot be looked at (Too many levels of symbolic links)", 1),
            ("cat/pipe", "a pipe", 1), ("pipe", "a pipe", 0),
            ("cat/web.png", "a WebP file", 1), ("9.png", "an image beside the folders of the classes", 0),
        ] {
            try withTemporaryFolder { folder in
                try writeGreyImages(["cat", "dog"], 6, to: folder)
                let url = folder.appending(path: path)
                switch url.lastPathComponent {
                case "emu", "dead.png": #expect(symlink("/nowhere/at/all", url.path) == 0)
                case "circle.png": #expect(symlink("circle.png", url.path) == 0)
                case "pipe": #expect(mkfifo(url.path, 0o600) == 0)
                case "web.png": try folder.file(path, Array("RIFF0000WEBP".utf8))
                default: try FileManager.default.copyItem(at: folder.appending(path: "dog/1.png"), to: url)
                }
                #expect(Self.refusal(folder)?.hasSuffix("\(path): \(found)") == true, "\(path)")
                let data = try Self.read(folder, skippingBad: true)
                let leftOut = try #require(data.notes.leftOut)
                #expect(leftOut.count == 1 && leftOut.files[0].file.hasSuffix(path) && leftOut.files[0].reason == found)
                #expect(leftOut.classes.map(\.of) == (byClass == 1 ? [7] : []), "\(path)")
                #expect(data.train.count + data.validation.count + data.test.count == 12)
            }
        }
    }

    @Test("files beside the classes that are no images are told of, and how many are hidden or of systems")
    func besides() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["cat", "dog"], 5, to: folder)
            for name in [".DS_Store", "cat/Thumbs.db", "dog/.DS_Store", "desktop.ini"] { try folder.file(name, [1]) }
            try FileManager.default.createDirectory(
                at: folder.appending(path: "__MACOSX/cat"), withIntermediateDirectories: true)
            #expect(try Self.read(folder).notes.lines == ["\(folder.path): 5 hidden entries left out (.DS_Store, …)"])
            for name in ["README.md", "notes.csv"] { try folder.file(name, Array("text".utf8)) }
            let remark = try #require(Self.read(folder).notes.remarks.first)
            #expect(remark.hasSuffix("README.md and 1 more beside the folders of the classes: no image, not read"))
        }
    }

    @Test("what is left out is counted by class, with ten names in words and all of them as JSON")
    func leftOut() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["cat", "dog"], 14, to: folder)
            for number in 0..<12 { try folder.file("cat/\(number).png", []) }
            try folder.file("dog/3.png", Array("<html>".utf8))
            let leftOut = try #require(Self.read(folder, skippingBad: true).notes.leftOut)
            #expect(leftOut.summary == "13 files left out (12 of 14 in cat, 1 of 14 in dog)")
            let lines = leftOut.text.split(separator: "\n")
            #expect(lines.count == 12 && lines[1].hasSuffix("cat/0.png: an empty file"))
            #expect(lines[11] == "  and 3 others (all with --json)")
            let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(leftOut)) as? [String: Any]
            #expect((json?["files"] as? [Any])?.count == 13 && json?["count"] as? Int == 13)
        }
    }

    @Test("names of two forms are one class in two parts, and two classes of one name are refused with their bytes")
    func names() throws {
        try withTemporaryFolder { folder in
            let (composed, apart) = ("caf\u{E9}", "cafe\u{301}")
            for (part, name) in [("train", composed), ("test", apart)] {
                // In bytes the two forms lie on different sides of "cafz".
                try writeGreyImages(["cafz", name], 4, to: folder.appending(path: part))
            }
            let data = try Self.read(folder)
            #expect(data.test.classNames == ["cafz", composed] && data.train.classNames == data.test.classNames)
            #expect(data.test.placesByClass.map(\.count) == [4, 4])
            let both = folder.appending(path: "train")
            try writeGreyImages([apart], 3, to: both)
            let error = try #require(Self.refusal(folder))
            #expect(error.contains("2 folders of the name caf\u{E9} (bytes "))
            #expect(error.contains("63 61 66 C3 A9") && error.contains("63 61 66 65 CC 81"))
        }
    }

    @Test("parts whose classes differ: the first class that only one has, and which of them")
    func classes() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["ant", "bee", "cow"], 3, to: folder.appending(path: "train"))
            try writeGreyImages(["ant", "cow"], 3, to: folder.appending(path: "test"))
            #expect(Self.refusal(folder)?.hasSuffix("class bee in train and not in test") == true)
            try writeGreyImages(["aardvark", "bee"], 3, to: folder.appending(path: "test"))
            #expect(Self.refusal(folder)?.hasSuffix("class aardvark in test and not in train") == true)
        }
    }

    @Test("files of names that are no text are images like others, and held out by their bytes")
    func bytes() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["cat", "dog"], 5, to: folder)
            let before = try Self.read(folder)
            let place = FilePath(folder.appending(path: "cat"))
            for last in [UInt8(0xE9), 0xE8] {
                let name = Array("caf".utf8) + [last]
                let status = place.appending(Array("1.png".utf8)).withCString { old in
                    place.appending(name).withCString { link(old, $0) }
                }
                #expect(status == 0)
            }
            let after = try Self.read(folder)
            let counts = [before, after].map { $0.train.count + $0.validation.count + $0.test.count }
            #expect(counts == [10, 12])
            let ids = [after.train, after.validation, after.test].flatMap { $0.identities ?? [] }
            #expect(Set(ids).count == 12)
            #expect(Set(before.test.identities ?? []).isSubset(of: after.test.identities ?? []))
        }
    }
}
