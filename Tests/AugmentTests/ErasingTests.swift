import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Erasing and mixing by area")
struct ErasingTests {
    @Test("An erased rectangle has the area and shape asked for, lies inside, and is noise of the whole range")
    func erasing() {
        let images = someImages(200, height: 40, width: 60, channels: 3) { _, _, _ in 77 }
        let area = 0.2 * 40 * 60
        let bytes = AugmentationPolicy { RandomErasing(area: 0.2...0.2, aspect: 0.5...2) }.bytes(images)
        var values = [Int](repeating: 0, count: 256)
        for image in 0..<200 {
            let first = image * images.imageSize
            let covered = (0..<2400).filter { pixel in
                (0..<3).contains { bytes[first + pixel * 3 + $0] != 77 }
            }
            let rows = Set(covered.map { $0 / 60 })
            let columns = Set(covered.map { $0 % 60 })
            // Sides are rounded to pixels: half of 16 … 31 each.
            #expect(abs(Double(rows.count * columns.count) - area) < 25 && covered.count <= rows.count * columns.count)
            #expect(covered.count > rows.count * columns.count - 5)
            let shape = Double(rows.count) / Double(columns.count)
            #expect(shape > 0.46 && shape < 2.15)
            for pixel in covered { values[Int(bytes[first + pixel * 3])] += 1 }
        }
        // 96,000 of 256 values: 375 each, deviation 19.
        #expect(values.allSatisfy { $0 > 270 && $0 < 490 })
        let black = AugmentationPolicy { RandomErasing(area: 1...1, aspect: 1...1, fill: .black) }.bytes(images)
        // A square of the whole area is cut to the shorter side.
        #expect(black.count { $0 == 0 } == 200 * 40 * 49 * 3)
    }

    @Test("A grid covers its share of the image, in squares at even distances")
    func grid() {
        let images = someImages(50, height: 64, width: 64) { _, _, _ in 200 }
        let bytes = AugmentationPolicy { GridMask(cover: 0.5, unit: 0.25...0.25) }.bytes(images)
        for image in 0..<50 {
            let row = (0..<64).map { row in (0..<64).count { bytes[image * 4096 + row * 64 + $0] == 0 } }
            // Units of 16 pixels fit four times, whatever the shift: a quarter of the image, in rows of none or half.
            #expect(row.reduce(0, +) == 1024 && row.allSatisfy { $0 == 0 || $0 == 32 })
            #expect(row.count { $0 == 32 } == 32)
        }
    }

    /// Image r is wholly of the byte 40 r, and of class r.
    private let images: ImageSet = {
        ImageSet(
            pixels: (0..<6).flatMap { [UInt8](repeating: UInt8(40 * $0), count: 12 * 10) }, height: 12, width: 10,
            channels: 1, labels: (0..<6).map { $0 }, classNames: (0..<6).map(String.init))
    }()

    @Test(
        "Labels follow the area that was really pasted, and sum to 1; pixels are those of one image or another",
        arguments: [
            AugmentationPolicy { CutMix(alpha: 1) }, AugmentationPolicy { Mosaic() },
            AugmentationPolicy {
                CutMix(alpha: 1)
                Mosaic(margin: 0.1)
                CutMix(alpha: 4)
            },
        ])
    func areas(policy: AugmentationPolicy) throws {
        var pasted = 0
        for epoch in 0..<40 {
            let raw = RawBatch(images: images, seed: 2, epoch: epoch)
            guard let targets = policy(raw, normalization: plain).targets else { continue }
            let bytes = policy.images(raw).pixels
            for row in 0..<6 {
                for label in 0..<6 {
                    let pixels = bytes[row * 120..<(row + 1) * 120].count { $0 == UInt8(40 * label) }
                    #expect(abs(targets[row, label] - Float(pixels) / 120) < 1e-5)
                    pasted += label != row && pixels > 0 ? 1 : 0
                }
            }
        }
        #expect(pasted > 100)
    }

    @Test("CutMix leaves the image more than half of its area; a mosaic leaves it the largest part, of four")
    func shares() throws {
        var parts: Set<Int> = []
        for epoch in 0..<40 {
            let raw = RawBatch(images: images, seed: 3, epoch: epoch)
            let cut = try #require(AugmentationPolicy { CutMix(alpha: 1) }(raw, normalization: plain).targets)
            let mosaic = try #require(AugmentationPolicy { Mosaic(margin: 0.5) }(raw, normalization: plain).targets)
            for row in 0..<6 {
                // Sides are rounded to pixels: 0.5 / 10 and 0.5 / 12 of a side of up to 0.71.
                #expect(cut[row, row] > 0.43)
                #expect(abs(mosaic[row, row] - 0.25) < 1e-5)
                parts.insert((0..<6).count { mosaic[row, $0] > 0 })
            }
        }
        #expect(parts == [2, 3, 4] || parts == [3, 4])
    }

    @Test("MixUp and CutMix together: the rectangle is the partner's alone, the rest is blended")
    func both() throws {
        let policy = AugmentationPolicy {
            MixUp(alpha: 8)
            CutMix(alpha: 8)
        }
        let batch = policy(RawBatch(images: images, seed: 4, epoch: 0), normalization: plain)
        let targets = try #require(batch.targets)
        for row in 0..<6 {
            #expect(abs((0..<6).reduce(0) { $0 + targets[row, $1] } - 1) < 1e-5)
            // What the mean pixel is, the labels say too: image r is 40 r everywhere.
            let mean = (0..<120).reduce(Float(0)) { $0 + batch.inputs[row, $1 / 10, $1 % 10, 0] } / 120
            let expected = (0..<6).reduce(Float(0)) { $0 + targets[row, $1] * Float(40 * $1) / 255 }
            #expect(abs(mean - expected) < 1e-4)
        }
    }
}
