import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("Relatives of MNIST")
struct EMNISTTests {
    // Two images of 2 × 3 as EMNIST has them: columns first.
    static let images = IDXTests.images

    static func write(_ prefix: String, _ labels: [[UInt8]], test: String = "test", to folder: URL) throws {
        for (part, labels) in zip(["train", test], labels) {
            try folder.file("\(prefix)\(part)-images-idx3-ubyte", images)
            try folder.file("\(prefix)\(part)-labels-idx1-ubyte", idx([2], labels))
        }
    }

    @Test("EMNIST's letters: labels from 1, images upright, names by the mapping or a file, or else the numbers")
    func letters() throws {
        try withTemporaryFolder { folder in
            try Self.write("emnist-letters-", [[1, 3], [2, 3]], to: folder)
            let plain = try DataFolder.read(folder)
            #expect(plain.name == "EMNIST letters" && plain.classNames == ["1", "2", "3"])
            #expect(plain.train.labels == [0, 2] && plain.test.labels == [1, 2] && plain.test.sampleIDs == [2, 3])
            // The file's rows 10 11 12 and 13 14 15 are the image's columns.
            #expect(plain.train.pixels == [10, 13, 11, 14, 12, 15, 16, 19, 17, 20, 18, 21])
            #expect((plain.train.height, plain.train.width) == (3, 2))
            try folder.file("classes.txt", Array("a\nb\nc\n".utf8))
            #expect(try DataFolder.read(folder).classNames == ["a", "b", "c"])
            try folder.file("emnist-letters-mapping.txt", Array("1 65 97\n2 66 98\n3 67 99\n".utf8))
            let mapped = try DataFolder.read(folder)
            #expect(mapped.classNames == ["A", "B", "C"] && mapped.train.labels == [0, 2])
            #expect(DataFolder.reads("emnist-letters-mapping.txt") && DataFolder.reads("classes.txt"))
            for (text, found) in [
                ("1 65\n2", "emnist-letters-mapping.txt: line 2: '2' found"), ("1 10\n", "line 1: '1 10'"),
                ("1 65\n1 66\n", "line 2: '1 66' found, each label"),
                ("1 65\n2 65\n", "line 2: '2 65' found, each label"),
                ("\n", "emnist-letters-mapping.txt: no line"),
                ("1 65\n2 66\n", "label 3 found, a label of emnist-letters-mapping.txt expected"),
            ] {
                try folder.file("emnist-letters-mapping.txt", Array(text.utf8))
                let error = #expect(throws: FormatError.self) { try DataFolder.read(folder) }
                #expect(error?.description.contains(found) == true, "\(String(describing: error))")
            }
        }
    }

    @Test("Fashion-MNIST: MNIST's files with names beside them, which labels count from 0, or from 1 to their number")
    func fashion() throws {
        try withTemporaryFolder { folder in
            try Self.write("", [[0, 2], [1, 1]], test: "t10k", to: folder)
            #expect(try DataFolder.read(folder).classNames == Digits.classNames)
            try folder.file("classes.txt", Array("shirt\nboot \n\nbag\n".utf8))
            let data = try DataFolder.read(folder)
            #expect(data.classNames == ["shirt", "boot", "bag"] && data.train.labels == [0, 2])
            try Self.write("", [[1, 3], [2, 1]], test: "t10k", to: folder)
            #expect(try DataFolder.read(folder).train.labels == [0, 2])
            try Self.write("", [[1, 2], [2, 1]], test: "t10k", to: folder)
            #expect(try DataFolder.read(folder).train.labels == [1, 2])
            try Self.write("", [[1, 4], [2, 1]], test: "t10k", to: folder)
            let error = #expect(throws: FormatError.self) { try DataFolder.read(folder) }
            #expect(error?.description.contains("label 4 found, 0 ... 2 expected") == true)
        }
    }

    @Test("two sets of EMNIST in one folder: both are named, and what to do")
    func several() throws {
        try withTemporaryFolder { folder in
            for set in ["letters", "digits"] { try Self.write("emnist-\(set)-", [[1, 1], [1, 1]], to: folder) }
            let error = #expect(throws: FormatError.self) { try DataFolder.read(folder) }
            #expect(
                error?.found.contains("EMNIST digits in") == true && error?.advice?.contains("of their own") == true)
        }
    }
}
