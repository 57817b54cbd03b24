import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("The embedded digits")
struct DigitsTests {
    @Test("as many images as PROVENANCE.md says, balanced, each id once")
    func counts() throws {
        let digits = try Digits.embedded()
        let parts = [digits.train, digits.validation, digits.test]
        #expect(parts.map(\.count) == [6000, 1000, 2000])
        for set in parts {
            #expect(set.placesByClass.allSatisfy { $0.count == set.count / 10 })
            #expect((set.height, set.width, set.channels, set.classCount) == (28, 28, 1, 10))
        }
        #expect(parts.flatMap(\.sampleIDs) == Array(0..<9000))
    }

    @Test("pixels and labels are those that Scripts/make-digits wrote (CRC-32 by Python's zlib)")
    func content() throws {
        let digits = try Digits.embedded()
        let parts = [digits.train, digits.validation, digits.test]
        #expect(parts.map { crc32($0.pixels) } == [3_064_938_132, 3_721_649_026, 2_797_916_240])
        let labels = parts.map { crc32($0.labels.map { UInt8($0 ?? 255) }) }
        #expect(labels == [3_976_803_147, 3_710_501_378, 3_441_998_422])
    }

    @Test(
        "every embedded image is one of MNIST's, with its label, in its order",
        .enabled(if: realData != nil, "RETORT_DATA is not set"))
    func provenance() throws {
        let mnist = try DataFolder.read(try #require(realData).appending(path: "mnist"))
        let digits = try Digits.embedded()
        let pairs = [(digits.train, mnist.train), (digits.validation, mnist.train), (digits.test, mnist.test)]
        for (part, original) in pairs {
            // Images kept their order, so one walk through the original meets them all.
            var met = 0
            for place in original.labels.indices where met < part.count && original.labels[place] == part.labels[met] {
                if Self.pixels(original, place) == Self.pixels(part, met) { met += 1 }
            }
            #expect(met == part.count)
        }
    }

    private static func pixels(_ set: ImageSet, _ place: Int) -> ArraySlice<UInt8> {
        set.pixels[place * set.imageSize..<(place + 1) * set.imageSize]
    }

    @Test("where the resources are missing, the error says what must lie beside the executable")
    func missing() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: FormatError.self) {
                try EmbeddedResources.folder("Digits", beside: [folder])
            }
            #expect(error?.expected.contains("the folder that was built with it") == true)
            #expect(throws: FormatError.self) { try Digits(folder: folder) }
        }
    }
}
