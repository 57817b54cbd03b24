import Datasets
import Foundation
import Testing

@testable import Augment

@Suite("Warps put pixels where they belong")
struct WarpTests {
    private func rotated(_ images: ImageSet, _ degrees: Double) -> [UInt8] {
        AugmentationPolicy { Affine(rotate: degrees...degrees) }.bytes(images)
    }

    @Test("A quarter turn moves every pixel of a square to its exact place, counter-clockwise")
    func quarterTurn() {
        // Row 0 becomes column 0 read upwards: output (row, column) was input (column, size − 1 − row).
        let size = 9
        let images = someImages(height: size, width: size, channels: 3)
        var expected = images.pixels
        for row in 0..<size {
            for column in 0..<size {
                for channel in 0..<3 {
                    expected[(row * size + column) * 3 + channel] =
                        images.pixels[(column * size + size - 1 - row) * 3 + channel]
                }
            }
        }
        #expect(rotated(images, 90) == expected)
        #expect(rotated(images, -90) != expected)
    }

    @Test("A half turn reverses an image of unequal sides")
    func halfTurn() {
        let images = someImages(height: 7, width: 4)
        #expect(rotated(images, 180) == images.pixels.reversed())
        #expect(rotated(images, -180) == images.pixels.reversed())
    }

    @Test("A warp that maps every pixel to itself goes through the kernel without a changed bit, at every border")
    func identity() {
        let images = someImages(height: 11, width: 70, channels: 2)
        for border in ImageBorder.allCases {
            // No identity until it is rounded to 2⁻³² pixel.
            let extent = ImageExtent(height: 11, width: 70, channels: 2)
            var warp = Affine.warp(extent, degrees: 1e-9, border: border)
            warp.xx += 1e-12
            #expect(!warp.isIdentity)
            let canvas = Canvas(extent)
            var output = [UInt8](repeating: 0, count: images.pixels.count)
            output.withUnsafeMutableBufferPointer { output in
                images.pixels.withUnsafeBufferPointer {
                    canvas.render(View(fusing: [.warp(warp)]), of: $0, into: output.baseAddress!)
                }
            }
            #expect(output == images.pixels)
        }
    }
}
