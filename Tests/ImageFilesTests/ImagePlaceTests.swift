import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Layouts of folders")
struct ImagePlaceTests {
    static let size = ImageSize(height: 2, width: 2, channels: 1)

    static func read(_ url: URL) throws -> DividedData { try DividedData(folder: url, size: size) }

    static func files(_ url: URL) throws -> LabelledFiles {
        guard case .whole(let place) = try DataLayout(of: FilePath(url)) else {
            throw FormatError(file: url.path, found: "parts", expected: "one place")
        }
        return try LabelledFiles(place)
    }

    @Test("images at any depth of a class's folder belong to it, each known by its path there; with none above as well")
    func nested() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["2020", "2021/b", "2021/b-c"], 2, to: folder.appending(path: "cat"))
            try writeGreyImages(["day/x"], 3, to: folder.appending(path: "dog"))
            let files = try Self.files(folder)
            #expect(files.classNames == ["cat", "dog"] && files.labels == [0, 0, 0, 0, 0, 0, 1, 1, 1])
            #expect(
                files.keys.map { String(decoding: $0, as: UTF8.self) } == [
                    "2020/0.png", "2020/1.png", "2021/b/0.png", "2021/b/1.png", "2021/b-c/0.png", "2021/b-c/1.png",
                    "day/x/0.png", "day/x/1.png", "day/x/2.png",
                ])
            #expect(try DividedData.trainingPaths(in: folder)[4] == "cat/2021/b-c/0")
            let identities = try #require(files.index(.byName).identities)
            #expect(identities[0] == ImageIndex.identity(ofClass: "cat", file: Array("2020/0.png".utf8)))
            #expect(Set(identities).count == 9)
            // The packed file knows the same, with parts and without.
            for part in ["", "train"] {
                let all = folder.appending(path: "all")
                for place in part.isEmpty ? [""] : ["train", "test"] {
                    try writeGreyImages(["a/1/x", "b/2/y"], 30, to: all.appending(path: place))
                }
                let packed = folder.appending(path: "all.retort")
                _ = try PackedFolder.write(all, to: packed)
                let rule = HeldOut.byGroup(pattern: "^./././(.*)")
                for rule in [HeldOut.byName, rule] {
                    let (one, two) = try (
                        DividedData(folder: all, size: Self.size, heldOut: rule),
                        DividedData(folder: packed, size: Self.size, heldOut: rule)
                    )
                    #expect(one.train.identities == two.train.identities && one.train.count > 20)
                    #expect(one.test.identities == two.test.identities)
                }
                try FileManager.default.removeItem(at: all)
            }
        }
    }

    @Test("links are followed; one that leads in a circle, or twice to the same folder, is refused or left out")
    func links() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["cat/in", "dog"], 4, to: folder.appending(path: "data"))
            try writeGreyImages(["far"], 3, to: folder)
            let data = folder.appending(path: "data")
            #expect(symlink("../../far", data.appending(path: "cat/out").path) == 0)
            #expect(symlink("../dog", data.appending(path: "cat/other").path) == 0)
            #expect(try Self.files(data).labels.count == 4 + 3 + 4 + 4)
            for target in ["..", ".", "../cat/in", "../../data/cat"] {
                let link = data.appending(path: "cat/loop")
                #expect(symlink(target, link.path) == 0)
                let error = #expect(throws: FormatError.self) { try Self.read(data) }
                #expect(
                    error?.file.contains("cat/") == true && error?.found.contains("a link to a folder above") == true)
                let rest = try DividedData(folder: data, size: Self.size, skippingBad: true)
                #expect(rest.train.count + rest.validation.count + rest.test.count == 15)
                #expect(rest.notes.leftOut?.count == 1 && rest.notes.leftOut?.classes.first?.name == "cat")
                try FileManager.default.removeItem(at: link)
            }
        }
    }

    @Test("a picture of another kind is refused with how to convert it, alone in a folder and among others")
    func otherPictures() throws {
        try withTemporaryFolder { folder in
            let kinds: [(String, [UInt8])] = [
                ("a WebP file", Array("RIFF0000WEBP".utf8)), ("a GIF file", Array("GIF89a".utf8)),
                ("a BMP file", Array("BM1234\0\0\0\0".utf8)), ("a TIFF file", [0x4D, 0x4D, 0, 0x2A]),
                ("a TIFF file", [0x49, 0x49, 0x2B, 0]), ("an AVIF file", Array("0000ftypavif".utf8)),
                ("a HEIC file", Array("0000ftypheic".utf8)), ("a JPEG XL file", [0xFF, 0x0A]),
            ]
            for (words, bytes) in kinds {
                let url = try folder.file("file.png", bytes)
                let error = #expect(throws: FormatError.self) { try ImageFile.read(url) }
                #expect(error?.found == words && error?.advice?.contains("mogrify -format png") == true)
            }
            try FileManager.default.createDirectory(
                at: folder.appending(path: "a"), withIntermediateDirectories: false)
            try FileManager.default.moveItem(
                at: folder.appending(path: "file.png"), to: folder.appending(path: "a/1.webp"))
            let error = #expect(throws: FormatError.self) { try Self.read(folder) }
            #expect(error?.advice?.contains("mogrify") == true)
        }
    }

    @Test("a table or an archive by its name that cannot be read is an error, and never left out beside others")
    func unreadable() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["a", "b"], 8, to: folder.appending(path: "classes"))
            try writeGreyImages(["images"], 8, to: folder.appending(path: "single"))
            for place in ["classes", "single"] {
                for text in ["", "file;label\n0.png;x\n", "a,b,c,d\n", "\"open\n"] {
                    let url = folder.appending(path: place)
                    try Data(text.utf8).write(to: url.appending(path: "labels.csv"))
                    let error = #expect(throws: FormatError.self) { try Self.read(url) }
                    #expect(error?.file.hasSuffix("labels.csv") == true, "\(place) \(text)")
                }
            }
            let shards = folder.appending(path: "shards")
            try writeGreyImages(["x"], 1, to: shards)
            try FileManager.default.moveItem(
                at: shards.appending(path: "x/0.png"), to: shards.appending(path: "a.tar"))
            try FileManager.default.removeItem(at: shards.appending(path: "x"))
            let picture = #expect(throws: FormatError.self) { try Self.read(shards) }
            #expect(picture?.file.hasSuffix("a.tar") == true && picture?.found == "a PNG file")
            try Data().write(to: shards.appending(path: "a.tar"))
            #expect(#expect(throws: FormatError.self) { try Self.read(shards) }?.found == "an empty file")
        }
    }

    @Test("a folder that is divided in part names the part as the folder to give")
    func advice() throws {
        try withTemporaryFolder { folder in
            let data = folder.appending(path: "data")
            try writeGreyImages(["a", "b"], 9, to: data.appending(path: "train"))
            let error = #expect(throws: FormatError.self) { try Self.read(data) }
            #expect(error?.advice?.contains("give \(data.path)/train itself") == true, "\(String(describing: error))")
        }
    }

    @Test(
        "One group of all images, which is held out or not: nothing left to train on, or nothing to test, is an error")
    func oneGroup() throws {
        var problems: Set<String> = []
        for letter in "abcdefghijkl" {
            try withTemporaryFolder { folder in
                try writeGreyImages(["\(letter)1", "\(letter)2"], 4, to: folder)
                let error = #expect(throws: FormatError.self) {
                    try DividedData(folder: folder, size: Self.size, heldOut: .byGroup(pattern: "^(.)"))
                }
                problems.insert(error?.problem ?? "")
            }
        }
        #expect(
            problems.count == 2 && problems.contains { $0.hasPrefix("no image is left to train on") }, "\(problems)")
    }
}
