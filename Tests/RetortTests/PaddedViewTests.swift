import Foundation
import Retort
import TestSupport
import Testing

@Suite("Lines of text on their way into a batch")
struct PaddedViewTests {
    /// Opens a folder of one class with grey images of the extents given, whose pixels count from 1.
    private static func open<R>(
        _ extents: [(height: Int, width: Int)], at size: ImageSize, _ body: (EncodedImages) throws -> R
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

    @Test("A line's view is the same alone, in any batch and for any number of threads, under every transform")
    func batches() throws {
        let size = ImageSize(height: 8, width: 32, channels: 1, keepsAspect: true)
        try Self.open([(20, 30), (8, 200), (31, 17), (8, 32), (9, 1)], at: size) { images in
            let normalization = Normalization(mean: [0.5], deviation: [0.5])
            let transforms: [any BatchTransform] = [PlainTransform(), AugmentationPolicy.ocr, AugmentationPolicy {}]
            for transform in transforms {
                func view(_ places: [Int]) throws -> Batch {
                    transform(
                        RawBatch(images: try images.images(at: places[...]), seed: 3, epoch: 1),
                        normalization: normalization)
                }
                let whole = try view([0, 1, 2, 3, 4])
                #expect(whole.inputs.shape == [5, 8, 32, 1])
                for place in 0..<5 {
                    let one = try Parallel.withThreads(1) { try view([place]).inputs.scalars }
                    #expect(one == Array(whole.inputs.scalars[place * 256..<(place + 1) * 256]))
                }
            }
            // 8 · 30 / 20 = 12 columns of the first line's, and grey from where no pixel of it is averaged or blended.
            let plain = AugmentationPolicy {}(
                RawBatch(images: try images.images(at: [0]), seed: 0, epoch: 0), normalization: normalization)
            let grey: Float = (128 / 255 - 0.5) / 0.5
            for row in 0..<8 {
                let columns = plain.inputs.scalars[row * 32..<(row + 1) * 32]
                #expect(
                    columns.dropFirst(14).allSatisfy { abs($0 - grey) < 1e-6 }
                        && columns.prefix(11).allSatisfy { $0 < -0.2 })
            }
        }
    }
}
