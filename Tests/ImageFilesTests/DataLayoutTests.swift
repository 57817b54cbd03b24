import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Which data set a folder holds")
struct DataLayoutTests {
    static func read(_ folder: URL) throws -> DividedData {
        try DividedData(folder: folder, size: FolderFaultTests.size)
    }

    @Test(
        "splits of other tools are read as parts, in any case of letters, hidden entries beside them or not",
        arguments: [
            ["train", "test"], ["train", "val"], ["Train", "Valid"], ["TRAIN", "validation"], ["train", "Test"],
            ["train", "test", "val"],
        ])
    func parts(names: [String]) throws {
        try withTemporaryFolder { folder in
            for (place, name) in names.enumerated() {
                try writeGreyImages(["cat", "dog"], [20, 6, 4][place], to: folder.appending(path: name))
            }
            for name in [".cache", "__MACOSX"] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: false)
            }
            let data = try Self.read(folder)
            #expect(data.train.classNames == ["cat", "dog"] && data.test.count == 12)
            // Of three parts one is for validation; of two it is held out of the training images.
            if names.count == 3 {
                #expect(data.train.count == 40 && data.validation.count == 8)
            } else {
                #expect(data.train.count + data.validation.count == 40 && data.validation.count >= 2)
            }
            let paths = try DividedData.trainingPaths(in: folder)
            #expect(paths.count == 40 && paths[0] == "\(names[0])/cat/0")
        }
    }

    @Test("classes may be called like parts among others, and images count by their content, whatever their names")
    func classes() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["bus", "train"], 5, to: folder)
            #expect(try Self.read(folder).train.classNames == ["bus", "train"])
            for name in ["bus", "train"] {
                for number in 0..<5 {
                    let old = folder.appending(path: "\(name)/\(number).png")
                    try FileManager.default.moveItem(at: old, to: folder.appending(path: "\(name)/\(number).img"))
                }
            }
            #expect(try Self.read(folder).train.classNames == ["bus", "train"])
        }
    }

    @Test("everything else is refused by what was found, not by elimination")
    func refusals() throws {
        func image(_ path: String) -> (String, [UInt8]) {
            (path, (try? PNGFile.encoded(gradient)).map(Array.init) ?? [])
        }
        let webP = Array("RIFF0000WEBP".utf8)
        for (files, found) in [
            ([], "an empty folder"),
            ([image("0.png"), image("1.png")], "2 PNG files (0.png, …) and no folder"),
            ([("a/1.webp", webP), ("b/2.png", webP)], "folders a, b with 2 WebP files (1.webp, …)"),
            (
                [image("train/0.png"), image("val/0.png")],
                "1 PNG file (0.png) and no folder"
            ),
            ([image("train/a/0.png")], "folder train without test or val beside it"),
            ([image("test/a/0.png"), image("val/a/0.png")], "folders test, val without train beside it"),
            (
                [image("train/a/0.png"), image("test/a/0.png"), image("x/a/0.png")],
                "folder x beside folders test, train"
            ),
            ([image("train/a/0.png"), image("val/a/0.png"), image("valid/a/0.png")], "folders val, valid"),
            ([image("set/a/0.png"), image("set/b/0.png")], "nothing but the folder set, which holds folders a, b"),
            ([("kmnist-train-images-idx3-ubyte", [0, 0, 8, 3])], "1 IDX file (kmnist-train-images"),
            ([image("x/train/a/0.png"), image("y/test/a/0.png")], "folders x, y with no files"),
            (
                [("data_batch_1", [0x80, 2, 0x7D]), ("batches.meta", [0x80, 2, 0x7D])],
                "2 Python pickles (batches.meta, …)"
            ),
            ([("a/readme", Array("text".utf8))], "folder a with 1 text file (readme)"),
        ] as [([(String, [UInt8])], String)] {
            try withTemporaryFolder { folder in
                for (path, bytes) in files {
                    let url = folder.appending(path: path)
                    try FileManager.default.createDirectory(
                        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try Data(bytes).write(to: url)
                }
                let error = #expect(throws: FormatError.self) { try Self.read(folder) }
                #expect(error?.found.hasPrefix(found) == true, "\(found): \(String(describing: error))")
            }
        }
    }

    @Test("a link that leads nowhere is named where there is no data set beside it")
    func link() throws {
        try withTemporaryFolder { folder in
            #expect(symlink("/nowhere", folder.appending(path: "cat").path) == 0)
            let error = #expect(throws: FormatError.self) { try Self.read(folder) }
            #expect(error?.found == "cat, a link to something that does not exist,")
        }
    }
}
