import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("CIFAR's binary files, and finding data sets")
struct CIFARTests {
    /// Calls the closure with a folder that holds a CIFAR-10 of one image a batch, labels 0 ... 4, and two test images.
    static func withCIFAR10<R>(compressed: Bool = false, _ body: (URL) throws -> R) throws -> R {
        try withTemporaryFolder { folder in
            for (label, name) in CIFAR10.layout.trainFiles.enumerated() {
                let bytes = record([UInt8(label)], red: UInt8(label))
                try folder.file(compressed ? name + ".gz" : name, compressed ? gzipped(bytes) : bytes)
            }
            let test = record([9]) + record([8])
            try folder.file(compressed ? "test_batch.bin.gz" : "test_batch.bin", compressed ? gzipped(test) : test)
            return try body(folder)
        }
    }

    /// What a read of the folder says, with the name of the file alone.
    static func refusal(_ folder: URL) -> String? { refusalText { _ = try DataFolder.read(folder) } }

    @Test("planes become channels, row by row; ids count through both sets", arguments: [false, true])
    func cifar10(compressed: Bool) throws {
        try Self.withCIFAR10(compressed: compressed) { folder in
            let (train, test) = try CIFAR10.read(folder: folder)
            #expect((train.height, train.width, train.channels) == (32, 32, 3))
            #expect(train.labels == [0, 1, 2, 3, 4] && test.labels == [9, 8])
            #expect(train.sampleIDs == [0, 1, 2, 3, 4] && test.sampleIDs == [5, 6])
            #expect(train.classNames[3] == "cat")
            // Image 2, pixel (row 5, column 7) = place 167 of each plane; planes start at 2, 2 and 3.
            let pixel = 2 * 3072 + (5 * 32 + 7) * 3
            #expect(Array(train.pixels[pixel..<pixel + 3]) == [169, 169, 170])
        }
    }

    @Test("of CIFAR-100's two labels the class is read, not the superclass")
    func cifar100() throws {
        try withTemporaryFolder { folder in
            try folder.file("train.bin", record([19, 99]) + record([0, 20]))
            try folder.file("test.bin.gz", gzipped(record([3, 42])))
            try folder.file("fine_label_names.txt", Array((0..<100).map { "name\($0)\n" }.joined().utf8))
            let data = try DataFolder.read(folder)
            #expect(data.name == "CIFAR-100" && data.classNames[42] == "name42")
            #expect(data.train.labels == [99, 20] && data.test.labels == [42])
            #expect(Array(data.train.pixels[3072..<3075]) == [1, 2, 3])
            try folder.file("test.bin.gz", gzipped(record([20, 42])))
            #expect(Self.refusal(folder) == "test.bin.gz: at byte 0: label 20 found, 0 ... 19 expected")
        }
    }

    @Test("names come from the file, which may end in an empty line; another number of names is refused")
    func names() throws {
        try Self.withCIFAR10 { folder in
            try folder.file("batches.meta.txt", Array("a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj k\n\n".utf8))
            let names = try DataFolder.read(folder).classNames
            #expect(names == ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j k"])
            try folder.file("batches.meta.txt", Array("a\nb\n".utf8))
            #expect(Self.refusal(folder) == "batches.meta.txt: 2 class names found, 10 expected")
        }
    }

    @Test("damage is refused with its place", arguments: [false, true])
    func refusals(compressed: Bool) throws {
        try withTemporaryFolder { folder in
            for name in CIFAR10.layout.trainFiles { try folder.file(name, record([0])) }
            func refusal(_ bytes: [UInt8]) throws -> String? {
                try folder.file("test_batch.bin", compressed ? gzipped(bytes) : bytes)
                return Self.refusal(folder)
            }
            #expect(try refusal(record([9]) + record([8])) == nil)
            #expect(
                try refusal([])
                    == "test_batch.bin: at byte 0: the end of the file found, CIFAR-10 records of 3073 bytes expected")
            let short = try refusal((record([9]) + record([8])).dropLast())
            #expect(
                short == "test_batch.bin: at byte 6145: the end of the file found, "
                    + "1 more byte of a CIFAR-10 record of 3073 expected")
            #expect(
                try refusal(record([9]) + record([10]))
                    == "test_batch.bin: at byte 3073: label 10 found, 0 ... 9 expected")
            for length in stride(from: 0, to: 3073, by: 97) {
                #expect(try refusal(Array(record([9])[..<length])) != nil)
            }
            let whole = compressed ? gzipped(record([9])) : record([9])
            for damaged in Damage.mutations(of: whole, count: 50, seed: 3) {
                try folder.file("test_batch.bin", damaged)
                _ = Self.refusal(folder)
            }
        }
    }

    @Test("a missing part is named, and so is what was looked for where there is nothing")
    func missing() throws {
        try Self.withCIFAR10 { folder in
            try FileManager.default.removeItem(at: folder.appending(path: "data_batch_3.bin"))
            #expect(
                Self.refusal(folder)
                    == "data_batch_3.bin: nothing found, data_batch_3.bin or data_batch_3.bin.gz expected")
        }
        try withTemporaryFolder { folder in
            let text = try #require(Self.refusal(folder))
            for name in ["train-images-idx3-ubyte", "data_batch_1.bin", "train.bin", ".gz"] {
                #expect(text.contains(name))
            }
            #expect(Self.refusal(folder.appending(path: "none"))?.hasSuffix("none: no such file or folder") == true)
            let file = try folder.file("file", [1])
            #expect(Self.refusal(file)?.contains("a file found, a folder expected") == true)
        }
    }

    @Test("MNIST is found one level down, under names with a dot or a dash, gzipped or not; two sets are refused")
    func found() throws {
        try withTemporaryFolder { folder in
            let inner = folder.appending(path: "mnist")
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: false)
            try inner.file("train-images.idx3-ubyte", IDXTests.images)
            try inner.file("train-labels-idx1-ubyte.gz", gzipped(IDXTests.labels))
            try inner.file("t10k-images-idx3-ubyte", IDXTests.images)
            try inner.file("t10k-labels.idx1-ubyte", IDXTests.labels)
            let data = try DataFolder.read(folder)
            #expect(data.name == "MNIST" && data.test.sampleIDs == [2, 3] && data.classNames.count == 10)
            try folder.file("train.bin", [])
            #expect(Self.refusal(folder)?.contains("MNIST in mnist found, one data set") == true)
        }
    }
}
