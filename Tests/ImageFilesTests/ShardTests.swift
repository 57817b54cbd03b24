import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Shards of WebDataset")
struct ShardTests {
    static let size = ImageSize(height: 2, width: 2, channels: 1)

    /// A grey PNG file of a value.
    static func image(_ value: Int) throws -> [UInt8] {
        let pixels = [UInt8](repeating: UInt8(value), count: 4)
        return try Array(PNGFile.encoded(DecodedImage(pixels: pixels, height: 2, width: 2, channels: 1)))
    }

    /// Shards of as many samples each, of the classes in turn.
    static func write(_ shards: [String], _ count: Int, labels: [String], to folder: URL) throws {
        for (shard, name) in shards.enumerated() {
            let bytes = try (0..<count).reduce(into: [UInt8]()) { bytes, sample in
                let number = shard * count + sample
                bytes += Tar.member("./\(number).cls", Array(labels[number % labels.count].utf8))
                bytes += try Tar.member("./\(number).png", image(number)) + Tar.member("./\(number).json", [1])
            }
            let url = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes + Tar.end).write(to: url)
        }
    }

    @Test("an archive of a class folder gives the run that the folder gives, whatever stays decoded")
    func sameBits() throws {
        try withTemporaryFolder { folder in
            let (data, tar) = (folder.appending(path: "data"), folder.appending(path: "x.tar"))
            try writeGreyImages(["ant", "bee/more"], 20, to: data)
            let found = try LabelledFiles(.folders(FilePath(data)))
            let bytes = try found.keys.indices.reduce(into: [UInt8]()) { bytes, number in
                let path = found.path(of: number)
                bytes += try Tar.member(path, found.files.bytes(of: number))
                bytes += Tar.member(
                    path.replacingOccurrences(of: "png", with: "cls"), Array("\(path.prefix(3))\n".utf8))
            }
            try Data(bytes + Tar.end).write(to: tar)
            let expected = try DividedData(folder: data, size: Self.size)
            for memory in [0, 1 << 20] {
                let one = try DividedData(folder: tar, size: Self.size, memory: memory)
                for (part, other) in [(one.train, expected.train), (one.test, expected.test)] {
                    #expect(part.identities == other.identities && part.labels == other.labels)
                    let (bits, wanted) = try (part.loaded().pixels, other.loaded().pixels)
                    #expect(bits == wanted && part.contentSample == other.contentSample)
                }
            }
        }
    }

    @Test("numbers are classes in their order or lines of a file of names; names go by their bytes; several shards")
    func labels() throws {
        try withTemporaryFolder { folder in
            try Self.write(["000.tar", "001.tar"], 6, labels: ["10", "2", "0"], to: folder)
            let files = try ImagePlaceTests.files(folder)
            #expect(files.classNames == ["0", "2", "10"] && files.labels == (0..<12).map { [2, 1, 0][$0 % 3] })
            #expect(files.files.name(of: 7).hasSuffix("001.tar: 7.png"))
            try folder.file("classes.txt", Array((0...10).map { "class \($0)\n" }.joined().utf8))
            let named = try ImagePlaceTests.files(folder)
            #expect(named.classNames.count == 11 && named.labels.prefix(3) == [10, 2, 0])
            // The classes that no image has.
            let error = #expect(throws: FormatError.self) { try DividedData(folder: folder, size: Self.size) }
            #expect(error?.found == "no image of class 1")
            for (text, found) in [("a\nb\n", "label '10'"), ("a\na\n", "'a' as in line 1"), ("\n", "no name")] {
                try folder.file("classes.txt", Array(text.utf8))
                let error = #expect(throws: FormatError.self) { try DividedData(folder: folder, size: Self.size) }
                #expect(error?.found == found)
            }
        }
        try withTemporaryFolder { folder in
            try Self.write(["x.tar"], 6, labels: ["bee", "ant"], to: folder)
            try folder.file("classnames.txt", Array("bee\nant\n".utf8))
            #expect(try ImagePlaceTests.files(folder.appending(path: "x.tar")).classNames == ["bee", "ant"])
        }
    }

    @Test(
        "parts in folders or in the archives' names",
        arguments: [
            ["train/0.tar", "train/1.tar", "val/0.tar"],
            ["imagenet-train-0.tar", "imagenet-train-1.tar", "imagenet-val-0.tar"],
        ])
    func parts(names: [String]) throws {
        try withTemporaryFolder { folder in
            try Self.write(names, 20, labels: ["a", "b"], to: folder)
            let data = try DividedData(folder: folder, size: Self.size)
            #expect(data.train.count + data.validation.count == 40 && data.test.count == 20)
            #expect(data.test.sampleIDs.count == 20 && data.train.classNames == ["a", "b"])
            let packed = folder.appending(path: "all.retort")
            #expect(try PackedFolder.write(folder, to: packed).parts == ["train": 40, "test": 20])
        }
    }

    @Test("archives of which some alone say their part, and compressed ones, are refused with what to do")
    func otherArchives() throws {
        try withTemporaryFolder { folder in
            try Self.write(["a-train-0.tar", "b.tar"], 4, labels: ["a", "b"], to: folder)
            let error = #expect(throws: FormatError.self) { try DividedData(folder: folder, size: Self.size) }
            #expect(error?.found == "b.tar beside a-train-0.tar")
        }
        try withTemporaryFolder { folder in
            try folder.file("0.tar.gz", gzipped(Tar.end))
            let error = #expect(throws: FormatError.self) { try DividedData(folder: folder, size: Self.size) }
            #expect(error?.advice?.contains("gunzip") == true)
        }
    }

    @Test(
        "samples without an image or a label, links and hidden entries are told of; two images of one name are refused")
    func faults() throws {
        let image = try Self.image(1)
        func samples(_ count: Int) -> [UInt8] {
            (0..<count).flatMap { Tar.member("\($0).png", image) + Tar.member("\($0).cls", [48 + UInt8($0 % 2)]) }
        }
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.tar")
            for (member, found, isFault) in [
                (Tar.member("x.png", image), "no label for x.png: x.cls is missing", true),
                (
                    Tar.member("x.png", image) + Tar.member("x.json", [65]),
                    "no label for x.png: x.cls is missing, and x.json is not read", true
                ),
                (Tar.member("d/x.cls", [48]), "no image for d/x.cls", true),
                (
                    Tar.member("x.webp", [65]) + Tar.member("x.cls", [48]),
                    "no image for x.cls; x.webp is no PNG or JPEG", true
                ),
                (Tar.member("x.jpg", image) + Tar.member("x.cls", [32]), "x.cls is empty", true),
                (Tar.member("x.png", [], type: "2"), "a link by the name x.png", true),
                (Tar.member("0.jpg", image), "a second image of 0 (.jpg)", false),
                (Tar.member("0.cls", [48]), "a second label of 0 (.cls)", false),
            ] {
                try Data(samples(12) + member + Tar.end).write(to: url)
                let error = #expect(throws: FormatError.self) { try DividedData(folder: url, size: Self.size) }
                #expect(error?.found == found && error?.file.hasSuffix("x.tar") == true)
                let rest = try? DividedData(folder: url, size: Self.size, skippingBad: true)
                #expect((rest?.notes.leftOut?.count == 1) == isFault)
            }
            let hidden = Tar.member("._0.png", [1]) + Tar.member("__MACOSX/0.png", [1]) + Tar.member(".x/0.png", [1])
            try Data(samples(12) + hidden + Tar.member("note.txt", [65]) + Tar.end).write(to: url)
            #expect(
                try DividedData(folder: url, size: Self.size).notes.lines.first?.hasSuffix("3 hidden entries left out")
                    == true)
            // Class folders in an archive have no labels of this kind.
            try Data(Tar.member("cat/1.txt", image) + Tar.end).write(to: url)
            let none = #expect(throws: FormatError.self) { try DividedData(folder: url, size: Self.size) }
            #expect(none?.found == "no sample with an image and a label" && none?.advice?.contains("unpack") == true)
            // An image that is none is named with its archive.
            try Data(samples(12) + Tar.member("x.png", [1]) + Tar.member("x.cls", [48]) + Tar.end).write(to: url)
            let bad = #expect(throws: FormatError.self) { try DividedData(folder: url, size: Self.size) }
            #expect(bad?.file.hasSuffix("x.tar: x.png") == true)
        }
    }

    @Test("any changed or missing byte of an archive is refused or read, and never stops the program")
    func damage() throws {
        let image = try Self.image(1)
        let whole =
            (0..<6).flatMap { Tar.member("\($0).png", image) + Tar.member("\($0).cls", [48 + UInt8($0 % 2)]) }
            + Tar.end
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.tar")
            func read(_ bytes: [UInt8]) throws {
                try Data(bytes).write(to: url)
                _ = try DividedData(folder: url, size: Self.size, memory: 0).train.loaded()
            }
            try read(whole)
            for length in stride(from: 0, to: whole.count - 1024, by: 256) {
                #expect(throws: FormatError.self) { try read(Array(whole.prefix(length))) }
            }
            for damaged in Damage.mutations(of: whole, count: 300, seed: 5) {
                do { try read(damaged) } catch is FormatError {}
            }
        }
    }
}
