import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

private let grey5x6 = ImageSize(height: 5, width: 6, channels: 1)

@Suite("Image files of any kind, and folders of them")
struct ImageFolderTests {
    /// Calls the closure with a folder of the classes "ant" (2 images) and "Bee" (1), and things that do not count.
    static func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
        try withTemporaryFolder { folder in
            for name in ["ant", "Bee", ".hidden"] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: false)
            }
            try folder.file("notes.txt", [65])
            try folder.file("ant/.thumbs", [65])
            // JPEG under the name of a PNG: the content counts.
            try JPEGFile.write(gradient, to: folder.appending(path: "ant/2.png"))
            try PNGFile.write(gradient, to: folder.appending(path: "ant/10.png"))
            try PNGFile.write(gradient.converted(toChannels: 1), to: folder.appending(path: "Bee/x.PNG"))
            return try body(folder)
        }
    }

    @Test("classes and files in the order of their names, images of one size, for any number of threads")
    func set() throws {
        try Self.withFolder { folder in
            let size = ImageSize(height: 5, width: 6, channels: 3)
            let set = try EncodedImages(folder: folder, size: size).loaded()
            #expect(set.classNames == ["Bee", "ant"] && set.labels == [0, 1, 1] && set.sampleIDs == [0, 1, 2])
            #expect((set.height, set.width, set.channels) == (5, 6, 3))
            let grey = gradient.converted(toChannels: 1).converted(toChannels: 3).resized(height: 5, width: 6)
            #expect(Array(set.pixels[..<90]) == grey.pixels)
            #expect(Array(set.pixels[90..<180]) == gradient.resized(height: 5, width: 6).pixels)
            for memory in [0, 1, 1 << 20] {
                let again = try Parallel.withThreads(1) {
                    try EncodedImages(folder: folder, size: size, memory: memory).loaded()
                }
                #expect(again.pixels == set.pixels)
            }
        }
    }

    @Test("the first damaged file is named, as are a class without images and a folder without classes")
    func refusals() throws {
        try Self.withFolder { folder in
            func refusal(_ folder: URL) -> FormatError? {
                #expect(throws: FormatError.self) { try EncodedImages(folder: folder, size: grey5x6) }
            }
            try folder.file("ant/3.gif", Array("GIF89a".utf8))
            try folder.file("ant/4.png", [])
            let error = refusal(folder)
            #expect(error?.file.hasSuffix("ant/3.gif") == true && error?.found == "a GIF file")
            #expect(
                error?.description.hasSuffix(
                    "a PNG or JPEG image expected; make a PNG file of it (`mogrify -format png FILE`, ImageMagick) "
                        + "and take the original away if its name is another, or leave out bad files by --skip-bad")
                    == true)
            #expect(refusal(folder.appending(path: "Bee"))?.found == "no subfolder")
            #expect(refusal(folder.appending(path: "none"))?.found == "no such file or folder")
            try FileManager.default.removeItem(at: folder.appending(path: "Bee/x.PNG"))
            #expect(refusal(folder)?.file.hasSuffix("Bee") == true)
        }
    }

    @Test("bad files are left out only when asked, each with its reason; a class of nothing else is refused")
    func skipping() throws {
        try Self.withFolder { folder in
            func read() throws -> (images: ImageSet, skipped: [FormatError]) {
                let opened = try OpenedImages(.folders(FilePath(folder)), size: grey5x6, memory: 0) { _ in }
                return (try opened.images.loaded(), opened.errors.map(\.error))
            }
            let whole = try read()
            #expect(whole.skipped.isEmpty && whole.images.count == 3)
            try folder.file("ant/1.png", Array("GIF89a".utf8))
            try folder.file("ant/3.png", [])
            #expect(throws: FormatError.self) { try EncodedImages(folder: folder, size: grey5x6) }
            let rest = try read()
            #expect(rest.images.pixels == whole.images.pixels && rest.images.labels == [0, 1, 1])
            #expect(rest.images.sampleIDs == [0, 1, 2] && rest.images.classNames == whole.images.classNames)
            #expect(rest.skipped.map { $0.file.suffix(9) } == ["ant/1.png", "ant/3.png"])
            try folder.file("Bee/x.PNG", [1, 2, 3, 4])
            let error = #expect(throws: FormatError.self) { try read() }
            #expect(error?.file.hasSuffix("Bee/x.PNG") == true)
        }
    }

    @Test("images that do not stay decoded are read when they are asked for, and told of; a file that changed is named")
    func lazily() throws {
        try Self.withFolder { folder in
            let whole = try EncodedImages(folder: folder, size: grey5x6)
            let opened = try OpenedImages(.folders(FilePath(folder)), size: grey5x6, memory: 1, losses: nil)
            let images = opened.images
            #expect(opened.remarks.last?.contains("1 of 3 images stay decoded") == true)
            #expect(try images.images(at: [2, 0, 2]).pixels == whole.images(at: [2, 0, 2]).pixels)
            #expect(try images.subset([1]).images(at: [0]).pixels == whole.images(at: [1]).pixels)
            #expect(images.contentSample == whole.contentSample && images.contentSample.allSatisfy { $0 > 0 })
            try folder.file("ant/10.png", [1, 2, 3])
            let changed = #expect(throws: FormatError.self) { try images.images(at: [0, 1, 2]) }
            #expect(changed?.file.hasSuffix("ant/10.png") == true && changed?.found.contains("has changed") == true)
            try FileManager.default.removeItem(at: folder.appending(path: "ant/10.png"))
            let gone = #expect(throws: FormatError.self) { try images.images(at: [1]) }
            #expect(gone?.file.hasSuffix("ant/10.png") == true)
            #expect(try images.images(at: [0]).count == 1)
        }
    }

    @Test("a large image is decoded at a half, quarter or eighth that leaves each side twice the network's pixels")
    func fractions() throws {
        try withTemporaryFolder { folder in
            let wide = gradient.resized(height: 90, width: 333)
            try PNGFile.write(wide, to: folder.appending(path: "a.png"))
            try JPEGFile.write(wide, to: folder.appending(path: "a.jpg"), quality: 95)
            for name in ["a.png", "a.jpg"] {
                let bytes = try [UInt8](Data(contentsOf: folder.appending(path: name)))
                for (side, height, width) in [(46, 90, 333), (45, 90, 333), (22, 45, 167), (6, 23, 84), (5, 12, 42)] {
                    let picture = try ImageFile.picture(bytes, name: name)
                    let image = try picture.read(for: ImageSize(height: side, width: side, channels: 3))
                    #expect((image.height, image.width) == (height, width), "\(name) for \(side)")
                    #expect(meanDifference(image, wide.resized(height: height, width: width)) < 4)
                }
            }
        }
    }

    @Test("Images that a teacher reads larger than the student are decoded for both, and are the student's in size")
    func taught() throws {
        try withTemporaryFolder { folder in
            for (name, number) in [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: true)
                try PNGFile.write(
                    gradient.resized(height: 128, width: 96), to: folder.appending(path: "\(name)/\(number).png"))
            }
            let student = ImageSize(height: 8, width: 8, channels: 3)
            func opened(_ teacher: ImageSize?) throws -> (height: Int, size: ImageSize) {
                let train = try DividedData(folder: folder, size: student, teacherSize: teacher).train
                return (try train.images(at: [0]).heights[0], train.size)
            }
            #expect(try opened(nil) == (32, student))
            #expect(try opened(ImageSize(height: 40, width: 30, channels: 1)) == (128, student))
            #expect(try opened(ImageSize(height: 4, width: 4, channels: 3)) == (32, student))
        }
    }

    @Test("the kind of a file is what its first bytes say")
    func kinds() throws {
        try Self.withFolder { folder in
            #expect(try ImageFile.read(folder.appending(path: "ant/10.png")) == gradient)
            #expect(meanDifference(try ImageFile.read(folder.appending(path: "ant/2.png")), gradient) < 5)
            let empty = try folder.file("empty.png", [])
            let error = #expect(throws: FormatError.self) { try ImageFile.read(empty) }
            #expect(error?.found == "an empty file")
            #expect(throws: FormatError.self) { try ImageFile.read(folder) }
            #expect(throws: FormatError.self) { try ImageFile.read(folder.appending(path: "none.png")) }
            #expect(throws: FileWriteError.self) {
                try PNGFile.write(gradient, to: folder.appending(path: "none/image.png"))
            }
        }
    }

    @Test("Who reads a folder is told how far it is, from 0 to all images of each part")
    func progress() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["train/a", "train/b", "test/a", "test/b"], 1, to: folder)
            try writeImages([("train/a", 300)], to: folder) { _, _ in (1, [7]) }
            var said: [[Int]] = []
            let size = ImageSize(height: 2, width: 2, channels: 1)
            _ = try DividedData(folder: folder, size: size, progress: { said.append([$0, $1]) })
            #expect(said == [[256, 301], [301, 301], [2, 2]])
        }
    }
}
