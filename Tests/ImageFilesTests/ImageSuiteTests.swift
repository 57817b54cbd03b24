import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

/// What other decoders make of a folder of images; Golden/make_suites.py writes it and says who.
struct ImageSuite: Decodable, Sendable, CustomTestStringConvertible {
    struct Entry: Decodable, Sendable {
        let size: [Int]?
        let digest, means, refused: String?
    }

    let folder: String
    let files: [String: Entry]

    var testDescription: String { folder }

    /// Where it is; nil where it is not there.
    var place: URL? {
        let data = ProcessInfo.processInfo.environment["RETORT_DATA"]
        if folder.hasPrefix("RETORT_DATA"), data?.isEmpty ?? true { return nil }
        let path = folder.replacingOccurrences(of: "RETORT_DATA", with: data ?? "")
        return FileManager.default.fileExists(atPath: path) ? URL(fileURLWithPath: path) : nil
    }

    static let all: [ImageSuite] = {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/suites.json")
        return (try? JSONDecoder().decode([ImageSuite].self, from: Data(contentsOf: url))) ?? []
    }()

    /// Those that are there.
    static let found = all.filter { $0.place != nil }
}

@Suite(
    "Suites of images of other decoders",
    .enabled(if: !ImageSuite.found.isEmpty, "golang-1.19-src and librust-jpeg-decoder-dev are not installed"))
struct ImageSuiteTests {
    @Test(
        "every file has the pixels of other decoders, PNG to the bit and JPEG in 64 cells, or is refused with the reason",
        arguments: ImageSuite.found)
    func suite(_ suite: ImageSuite) throws {
        let place = try #require(suite.place)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path)
            .filter { ["png", "jpeg", "jpg"].contains(URL(fileURLWithPath: $0).pathExtension) }
        #expect(names.count == suite.files.count)
        for name in names.sorted() {
            let expected = try #require(suite.files[name], "\(name)")
            let found = Result { try ImageFile.read(place.appending(path: name)) }
            switch (found, expected.refused) {
            case (.success(let image), nil):
                #expect([image.height, image.width, image.channels] == expected.size, "\(name)")
                if let digest = expected.digest {
                    #expect(String(UInt64(bitPattern: PackedFiles.checksum(image.pixels)), radix: 16) == digest.trimmed)
                } else {
                    let means = try #require(expected.means)
                    #expect(Self.largestDifference(of: image, to: means) <= 3, "\(name)")
                }
            case (.failure(let error), let words?):
                #expect(error is FormatError && "\(error)".contains(words), "\(error)")
            default: Issue.record("\(name): \(found)")
            }
        }
    }

    @Test(
        "a progressive JPEG has the pixels of the sequential one of the same coefficients",
        .enabled(
            if: ImageSuite.found.contains { $0.folder.hasSuffix("image/testdata") }, "golang-1.19-src is not there")
    )
    func progressive() throws {
        let suite = try #require(ImageSuite.found.first { $0.folder.hasSuffix("image/testdata") })
        let place = try #require(suite.place)
        let names = suite.files.keys.filter { $0.hasSuffix(".progressive.jpeg") }
        #expect(names.count == 10)
        for name in names {
            let other = name.replacingOccurrences(of: ".progressive.jpeg", with: ".jpeg")
            let images = try [name, other].map { try ImageFile.read(place.appending(path: $0)) }
            #expect(images[0] == images[1], "\(name)")
        }
    }

    /// The means of the cells of 8 rows and 8 columns, the first of them one larger where it does not divide.
    private static func largestDifference(of image: DecodedImage, to means: String) -> Double {
        func bounds(_ extent: Int, _ cell: Int) -> Range<Int> {
            let (size, more) = (extent / 8, extent % 8)
            return cell * size + min(cell, more)..<(cell + 1) * size + min(cell + 1, more)
        }
        var largest = 0.0
        for (number, digits) in means.inPairs.enumerated() {
            let (cell, channel) = (number / image.channels, number % image.channels)
            var (sum, count) = (0, 0)
            for row in bounds(image.height, cell / 8) {
                for column in bounds(image.width, cell % 8) {
                    sum += Int(image.pixels[(row * image.width + column) * image.channels + channel])
                    count += 1
                }
            }
            largest = max(largest, abs(Double(sum) / Double(count) - Double(Int(digits, radix: 16) ?? 0)))
        }
        return largest
    }
}

extension String {
    /// Without zeros at the front.
    fileprivate var trimmed: String { String(drop { $0 == "0" }) }

    fileprivate var inPairs: [Substring] {
        stride(from: 0, to: count, by: 2).map { dropFirst($0).prefix(2) }
    }
}
