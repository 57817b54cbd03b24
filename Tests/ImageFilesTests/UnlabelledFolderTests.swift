import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Folders of images without classes")
struct UnlabelledFolderTests {
    private let size = ImageSize(height: 2, width: 2, channels: 1)

    private func write(_ name: String, _ value: UInt8, in folder: URL) throws {
        try PNGFile.write(
            DecodedImage(pixels: [value], height: 1, width: 1, channels: 1), to: folder.appending(path: name))
    }

    @Test("Images come in the order of their names without labels; text beside them is passed over and told")
    func contents() throws {
        try withTemporaryFolder { folder in
            for (name, value) in [("b.png", 2), ("a.png", 1), ("c.jpg", 3)] as [(String, UInt8)] {
                try write(name, value, in: folder)
                try Data("0 0.5 0.5 1 1\n".utf8).write(to: folder.appending(path: name + ".txt"))
            }
            #expect(UnlabelledFolder.isOne(folder))
            let found = try UnlabelledFolder(folder, size: size)
            #expect(found.names == ["a.png", "b.png", "c.jpg"] && found.images.labels == [nil, nil, nil])
            #expect(try found.images.images(at: [2, 0]).pixels == [3, 1])
            #expect(found.remarks.count == 1 && found.remarks[0].contains("3 text files"))
        }
    }

    @Test("A damaged image is refused by its name; folders of classes, tables and empty folders are others")
    func others() throws {
        try withTemporaryFolder { folder in
            #expect(!UnlabelledFolder.isOne(folder) && !UnlabelledFolder.isOne(folder.appending(path: "none")))
            #expect(throws: FormatError.self) { try UnlabelledFolder(folder, size: size) }
            try write("a.png", 1, in: folder)
            try Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]).write(to: folder.appending(path: "b.png"))
            #expect(UnlabelledFolder.isOne(folder))
            let error = #expect(throws: FormatError.self) { try UnlabelledFolder(folder, size: size) }
            #expect(error?.file.hasSuffix("b.png") == true)
            try Data("a.png,x\n".utf8).write(to: folder.appending(path: "labels.csv"))
            #expect(!UnlabelledFolder.isOne(folder))
            try FileManager.default.removeItem(at: folder.appending(path: "labels.csv"))
            try FileManager.default.createDirectory(
                at: folder.appending(path: "class"), withIntermediateDirectories: false)
            #expect(!UnlabelledFolder.isOne(folder))
        }
    }
}
