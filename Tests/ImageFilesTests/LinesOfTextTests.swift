import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Lines of text: images of a fixed height whose aspect is kept")
struct LinesOfTextTests {
    private static let size = ImageSize(height: 2, width: 5, channels: 1, keepsAspect: true)

    /// Opens a folder of one class with grey images of the extents given, whose pixels count from 1.
    private static func open<R>(
        _ extents: [(height: Int, width: Int)], at size: ImageSize = size, _ body: (EncodedImages) throws -> R
    ) throws -> R {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "line")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
            for (number, (height, width)) in extents.enumerated() {
                let pixels = (0..<height * width).map { UInt8($0 % 100 + 1) }
                try PNGFile.write(
                    DecodedImage(pixels: pixels, height: height, width: width, channels: 1),
                    to: place.appending(path: "\(number).png"))
            }
            return try body(EncodedImages(folder: folder, size: size))
        }
    }

    @Test("Grey on the right of a narrow image, before it is resized; a wide one is squeezed as every other")
    func padding() throws {
        try Self.open([(2, 3), (4, 6), (2, 10), (2, 5)]) { images in
            #expect(try images.images(at: [0, 1, 2, 3]).widths == [5, 10, 10, 5])
            let set = try images.loaded()
            // By hand. The second: means of 2×2 of 1 2 … 6 / 7 8 … 12 / 13 … 18 / 19 … 24, halves up, and of grey.
            // The third: means of pairs of 1 2 … 10 / 11 … 20.
            #expect(
                set.pixels == [
                    1, 2, 3, 128, 128, 4, 5, 6, 128, 128,
                    5, 7, 9, 128, 128, 17, 19, 21, 128, 128,
                    2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
                    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
                ])
        }
        // 5 · 5 / 2 = 12.5 columns, halves up.
        #expect(Self.size.paddedWidth(height: 5, width: 1) == 13)
        let stretched = ImageSize(height: 2, width: 5, channels: 1)
        #expect(stretched.paddedWidth(height: 5, width: 1) == 1)
        let widths = try Self.open([(2, 3)], at: stretched) { try $0.images(at: [0]).widths }
        #expect(widths == [3])
    }

    @Test("A tall image is decoded at the fraction that its height allows, since the padding has the width")
    func fractions() throws {
        let size = ImageSize(height: 8, width: 16, channels: 1, keepsAspect: true)
        try Self.open([(64, 32), (63, 32)], at: size) { images in
            // 64 rows are 4 times twice 8; 63 are not.
            let found = try images.images(at: [0, 1])
            #expect(found.heights == [16, 32] && found.widths == [32, 64])
        }
    }

    @Test("Images that a teacher of another aspect reads too are padded for the student, and decoded for both")
    func twoSizes() throws {
        let student = ImageSize(height: 8, width: 32, channels: 1, keepsAspect: true)
        let teacher = ImageSize(height: 12, width: 80, channels: 3)
        // The third multiple is the first that is as wide as 80.
        #expect(student.covering(teacher) == ImageSize(height: 24, width: 96, channels: 1, keepsAspect: true))
        #expect(student.covering(student) == student && teacher.covering(student).width == 80)
        for (height, width) in [(20, 30), (5, 1), (31, 200)] {
            #expect(
                student.paddedWidth(height: height, width: width)
                    == student.covering(teacher).paddedWidth(height: height, width: width))
        }
    }

    @Test("A run on padded images is another than one on stretched images of the same files")
    func identity() throws {
        try Self.open([(2, 3), (4, 6)]) { padded in
            let sizes = padded.contentSample.dropLast()
            try Self.open([(2, 3), (4, 6)], at: ImageSize(height: 2, width: 5, channels: 1)) { stretched in
                #expect(stretched.contentSample == Array(sizes))
            }
        }
    }
}
