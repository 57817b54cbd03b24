import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("IDX, gzipped or not")
struct IDXTests {
    // Two images of 2 × 3 and their labels.
    static let images = idx([2, 2, 3], Array(10..<22))
    static let labels = idx([2], [1, 0])

    /// Reads the two files from a folder of their own.
    static func read(_ images: [UInt8] = images, _ labels: [UInt8] = labels) throws -> ImageSet {
        try withTemporaryFolder { folder in
            try IDX.read(
                images: folder.file("images", images), labels: folder.file("labels", labels), classNames: ["a", "b"],
                firstID: 7)
        }
    }

    /// What a read of damaged files says, without the file's path.
    static func refusal(_ images: [UInt8] = images, _ labels: [UInt8] = labels) -> String? {
        refusalText { _ = try read(images, labels) }
    }

    @Test("pixels, extents, labels and ids arrive as they were written", arguments: [false, true])
    func values(compressed: Bool) throws {
        let set = try Self.read(
            compressed ? gzipped(Self.images) : Self.images, compressed ? gzipped(Self.labels) : Self.labels)
        #expect(set.pixels == Array(10..<22))
        #expect((set.count, set.height, set.width, set.channels) == (2, 2, 3, 1))
        #expect(set.labels == [1, 0] && set.sampleIDs == [7, 8] && set.classNames == ["a", "b"])
    }

    @Test("several gzip members one after another are one file, and what gzip -9 writes is read")
    func members() throws {
        let halves = gzipped(Array(Self.images[..<9])) + gzipped(Array(Self.images[9...]))
        #expect(try Self.read(halves).pixels == Array(10..<22))
        // printf '\0\0\x08\x01\0\0\0\x02\x01\0' | gzip -9n | base64   (gzip 1.12)
        let small = try #require(Data(base64Encoded: "H4sIAAAAAAACA2Ng4GBkYGBgYmQAAFidh4wKAAAA"))
        #expect(try Self.read(Self.images, Array(small)).labels == [1, 0])
    }

    @Test("each kind of damage is refused with the place, what was found and what was expected")
    func refusals() {
        #expect(
            Self.refusal([])
                == "images: at byte 0: 0 bytes found, 4 bytes of the magic number (images, 3 axes) expected")
        #expect(
            Self.refusal(Self.labels, Self.labels)
                == "images: at byte 0: magic 0x00000801 found, 0x00000803 (images, 3 axes) expected")
        #expect(
            Self.refusal(Self.images.dropLast())
                == "images: at byte 16: 11 bytes found, 12 bytes of content, as the extents [2, 2, 3] say expected")
        #expect(
            Self.refusal(Self.images + [0]) == "images: at byte 28: more bytes found, the end of the file expected")
        #expect(Self.refusal(idx([2, 0, 3], [])) == "images: at byte 8: 0 rows found, 1 or more expected")
        #expect(
            Self.refusal(Self.images, idx([2], [1, 2])) == "labels: at byte 9: label 2 found, 0 ... 1 expected")
        #expect(Self.refusal(Self.images, idx([3], [1, 0, 1]))?.hasPrefix("labels: at byte 4: 3 labels found") == true)
    }

    @Test("a label beyond the classes; of ten digits it says where names of others go")
    func moreClasses() throws {
        for (count, words) in [
            (10, "0 ... 9"),
            (9, "0 ... 8"), (62, "0 ... 61"),
            (0, "0 ... 9 (names of other classes go into classes.txt beside the file)"),
        ] {
            let label = UInt8(count == 62 ? 62 : 10)
            let error = try withTemporaryFolder { folder in
                #expect(throws: FormatError.self) {
                    try IDX.read(
                        images: folder.file("images", Self.images),
                        labels: folder.file("labels", idx([2], [1, label])),
                        classNames: count == 0 ? Digits.classNames : (0..<count).map { "c\($0)" })
                }
            }
            #expect(error?.place == "at byte 9" && error?.found == "label \(label)" && error?.expected == words)
        }
    }

    @Test("extents whose product overflows or that no file could hold are refused before memory is asked for")
    func hugeExtents() {
        let huge = UInt32.max
        #expect(Self.refusal(idx([huge, huge, huge], []))?.contains("a size below 2⁶³ expected") == true)
        #expect(Self.refusal(idx([60_000, 28, 28], []))?.contains("at byte 16: 0 bytes found") == true)
        // 29 bytes of gzip can hold at most 29 · 1032.
        let bomb = gzipped(idx([60_000, 28, 28], []))
        #expect(Self.refusal(bomb)?.contains("a gzip file that can hold") == true)
        // Within that ratio, but the data end.
        #expect(Self.refusal(gzipped(idx([2, 28, 28], [1, 2, 3])))?.contains("3 bytes found, 1568 bytes") == true)
    }

    @Test("a missing file, a folder and a pipe are refused by name")
    func noFile() throws {
        try withTemporaryFolder { folder in
            let pipe = folder.appending(path: "pipe")
            #expect(mkfifo(pipe.path, 0o600) == 0)
            for (url, found) in [
                (folder.appending(path: "none"), "no such file"), (folder, "a folder"),
                (pipe, "a pipe"),
            ] {
                let error = #expect(throws: FormatError.self) {
                    try IDX.read(images: url, labels: url, classNames: ["a"])
                }
                #expect(error?.found == found)
            }
        }
    }

    @Test("no prefix of a valid file is accepted", arguments: [false, true])
    func prefixes(compressed: Bool) {
        for part in Damage.prefixes(of: compressed ? gzipped(Self.images) : Self.images) {
            #expect(Self.refusal(part) != nil, "\(part.count) bytes")
        }
        for part in Damage.prefixes(of: compressed ? gzipped(Self.labels) : Self.labels) {
            #expect(Self.refusal(Self.images, part) != nil, "\(part.count) bytes")
        }
    }

    @Test("random damage never stops the program, and gzip's checksum finds all that changes its content")
    func mutations() throws {
        for damaged in Damage.mutations(of: Self.images, count: 300, seed: 1) { _ = Self.refusal(damaged) }
        for damaged in Damage.mutations(of: gzipped(Self.images), count: 300, seed: 2) {
            if let set = try? Self.read(damaged) { #expect(set.pixels == Array(10..<22)) }
        }
    }
}
