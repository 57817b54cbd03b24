import CImageKernels
import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Blur, sharpening and JPEG")
struct BlurTests {
    @Test("OpenCV's results at repeated edges, to a level: it rounds once more, or not between rows and columns")
    func openCV() throws {
        let golden = try Golden()
        #expect(try golden.distance("gaussian", AugmentationPolicy { GaussianBlur(sigma: 1.3...1.3) }) <= 1)
        #expect(try golden.distance("motion", AugmentationPolicy { MotionBlur(length: 5...5, angle: 0...0) }) <= 1)
        #expect(try golden.distance("defocus", AugmentationPolicy { Defocus(radius: 2.3...2.3) }) <= 1)
    }

    @Test("Pillow's sharpening, to a level, in all pixels but the outermost, which it leaves alone")
    func sharpen() throws {
        // Pillow rounds the smooth image before it blends.
        let distance = try Golden().distance("sharpen", AugmentationPolicy { Sharpen(factor: 2...2) }) {
            (1..<25).contains($0) && (1..<36).contains($1)
        }
        #expect(distance <= 1)
    }

    @Test("An even ground keeps its value, whatever the blur")
    func evenGround() {
        let blurs: [any PolicyElement] = [
            GaussianBlur(sigma: 0.4...9), MotionBlur(length: 2...30), Defocus(radius: 0.3...9),
            Sharpen(factor: 0...10), JPEGCompression(quality: 30...90),
        ]
        for blur in blurs {
            let images = someImages(20, height: 17, width: 23) { _, _, _ in 128 }
            #expect(AugmentationPolicy { blur.step }.bytes(images) == images.pixels, "\(blur)")
        }
    }

    @Test("A point spreads upright for 90°, and up to the right for 45°")
    func direction() {
        let images = someImages(height: 11, width: 11) { row, column, _ in row == 5 && column == 5 ? 255 : 0 }
        let upright = AugmentationPolicy { MotionBlur(length: 5...5, angle: 90...90) }.bytes(images)
        let lit = upright.indices.filter { upright[$0] > 0 }
        #expect(lit == (3...7).map { $0 * 11 + 5 } && lit.allSatisfy { upright[$0] == 51 })
        let slanted = AugmentationPolicy { MotionBlur(length: 7...7, angle: 45...45) }.bytes(images)
        #expect(slanted[4 * 11 + 6] > 20 && slanted[6 * 11 + 4] > 20 && slanted[4 * 11 + 4] == 0)
    }

    @Test("Taps that were rounded sum to 1, for every size")
    func taps() {
        for deviation in [0.05, 0.3, 1, 5, 16] {
            let filter = Convolution.gaussian(deviation: deviation, isVertical: false)
            #expect(filter.taps.reduce(0) { $0 + $1.weight } == 65536)
            // Symmetrical about the pixel.
            #expect(filter.taps.map(\.weight) == filter.taps.map(\.weight).reversed())
        }
    }

    @Test(
        "libjpeg's images of three qualities: the same quantisation, so few pixels differ by more than 2 levels",
        arguments: [("jpeg30", 30.0), ("jpeg75", 75), ("jpeg95", 95)])
    func jpeg(name: String, quality: Double) throws {
        let golden = try Golden()
        let found = AugmentationPolicy { JPEGCompression(quality: quality...quality) }.bytes(golden.images)
        let expected = try golden.file.elements(name, as: UInt8.self)
        let differences = zip(found, expected).map { abs(Int($0) - Int($1)) }
        // libjpeg's whole numbers round a coefficient that lies near half-way to the other side now and then, which moves
        // a whole block; without that, arithmetic alone is left.
        #expect(Double(differences.count { $0 <= 2 }) > 0.95 * Double(differences.count), "\(name)")
        #expect(zip(found, golden.images.pixels).contains { abs(Int($0) - Int($1)) > 3 })
    }

    @Test("Grey images of libjpeg")
    func jpegGrey() throws {
        let golden = try Golden()
        let green = ImageSet(
            pixels: (0..<26 * 37).map { golden.images.pixels[$0 * 3 + 1] }, height: 26, width: 37, channels: 1,
            labels: [nil], classNames: [])
        let found = AugmentationPolicy { JPEGCompression(quality: 50...50) }.bytes(green)
        let expected = try golden.file.elements("jpegGrey50", as: UInt8.self)
        let differences = zip(found, expected).map { abs(Int($0) - Int($1)) }
        // 3 of 20 blocks have a coefficient that libjpeg rounds to the other side.
        #expect(Double(differences.count { $0 <= 1 }) > 0.9 * Double(differences.count))
        #expect((differences.max() ?? 255) <= 6)
    }

    @Test("A block goes through the transform of the standard's formula, computed in Double, to half a level")
    func transform() {
        var random = Philox(seed: 3)
        let steps = JPEGRoundTrip.steps(JPEGRoundTrip.luma, quality: 60)
        let block = (0..<64).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
        func factor(_ frequency: Int, _ place: Int) -> Double {
            (frequency == 0 ? 0.5.squareRoot() : 1) / 2 * cos(Double((2 * place + 1) * frequency) * .pi / 16)
        }
        let coefficients = (0..<64).map { k -> Double in
            let sum = (0..<64).reduce(0) {
                $0 + (Double(block[$1]) - 128) * factor(k / 8, $1 / 8) * factor(k % 8, $1 % 8)
            }
            return (sum / Double(steps[k])).rounded() * Double(steps[k])
        }
        let expected = (0..<64).map { place -> Double in
            let sum = (0..<64).reduce(0) {
                $0 + coefficients[$1] * factor($1 / 8, place / 8) * factor($1 % 8, place % 8)
            }
            return min(max(sum + 128, 0), 255)
        }
        var found = block
        rk_image_quantize_blocks(&found, 8, 8, steps)
        #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 0.501 })
    }

    @Test("Quantisation tables at qualities 10, 50 and 100, by the library's rule")
    func tables() {
        // 16 · 500 % = 80; at 50 the table itself; at 100 all ones; 99 · 500 % is cut to 255.
        #expect(JPEGRoundTrip.steps(JPEGRoundTrip.luma, quality: 10)[0] == 80)
        #expect(JPEGRoundTrip.steps(JPEGRoundTrip.luma, quality: 50).map(Int.init) == JPEGRoundTrip.luma)
        #expect(JPEGRoundTrip.steps(JPEGRoundTrip.chroma, quality: 100).allSatisfy { $0 == 1 })
        #expect(JPEGRoundTrip.steps(JPEGRoundTrip.chroma, quality: 10)[63] == 255)
    }

    @Test("Quality 100 changes a smooth image by 2 levels at most")
    func best() {
        let images = someImages(height: 19, width: 29, channels: 3) { row, column, channel in
            UInt8(60 + 3 * row + 2 * column + 10 * channel)
        }
        let bytes = AugmentationPolicy { JPEGCompression(quality: 100...100) }.bytes(images)
        #expect(zip(bytes, images.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
    }
}
