import Datasets
import Foundation
import Testing

@testable import Augment

@Suite("Warps put pixels where they belong")
struct WarpTests {
    private func rotated(_ images: ImageSet, _ degrees: Double) -> [UInt8] {
        AugmentationPolicy { Affine(rotate: degrees...degrees) }.bytes(images)
    }

    @Test(
        "A quarter turn moves every pixel of a square to its exact place, counter-clockwise",
        arguments: [1, 2, 3, 4, 6])
    func quarterTurn(channels: Int) {
        // Row 0 becomes column 0 read upwards: output (row, column) was input (column, size − 1 − row).
        let size = 9
        let images = someImages(height: size, width: size, channels: channels)
        var expected = images.pixels
        for row in 0..<size {
            for column in 0..<size {
                for channel in 0..<channels {
                    expected[(row * size + column) * channels + channel] =
                        images.pixels[(column * size + size - 1 - row) * channels + channel]
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
            var warp = Warp.aboutCentre(of: extent, degrees: 1e-9, border: border)
            warp.xx += 1e-12
            #expect(!warp.isIdentity)
            #expect(rendered([.warp(warp)], images, extent) == images.pixels)
        }
    }
}

@Suite("Flips, crops and borders")
struct GeometryTests {
    private func mirrored(_ images: ImageSet, rows: Bool) -> [UInt8] {
        let (height, width) = (images.height, images.width)
        return (0..<height * width).map { place in
            let (row, column) = (place / width, place % width)
            return rows
                ? images.pixels[(height - 1 - row) * width + column]
                : images.pixels[row * width + width - 1 - column]
        }
    }

    @Test("Flips reverse columns and rows exactly; twice is nothing at all")
    func flips() {
        let images = someImages(height: 5, width: 8)
        #expect(AugmentationPolicy { HorizontalFlip() }.bytes(images) == mirrored(images, rows: false))
        #expect(AugmentationPolicy { VerticalFlip() }.bytes(images) == mirrored(images, rows: true))
        let twice = AugmentationPolicy {
            HorizontalFlip()
            HorizontalFlip()
        }
        #expect(twice.views(of: RawBatch(images: images, seed: 1, epoch: 0))[0].passes.isEmpty)
        #expect(twice.bytes(images) == images.pixels)
    }

    @Test("Padding and cropping shifts by whole pixels; each border shows what its name says")
    func borders() {
        // One row a b c d, shifted by every amount up to 9: by definition, with mirrors at the outer edges.
        let images = someImages(height: 1, width: 4) { _, column, _ in [10, 60, 110, 160][column] }
        let extent = ImageExtent(height: 1, width: 4, channels: 1)
        for shift in -9...9 {
            for border in ImageBorder.allCases {
                let expected: [UInt8] = (0..<4).map { column in
                    let from = column + shift
                    switch border {
                    case .zero: return (0..<4).contains(from) ? images.pixels[from] : 0
                    case .edge: return images.pixels[min(max(from, 0), 3)]
                    case .reflect:
                        let folded = ((from % 8) + 8) % 8
                        return images.pixels[folded < 4 ? folded : 7 - folded]
                    }
                }
                let steps: [PixelChange] = [.warp(Warp(x0: Double(shift), border: border))]
                #expect(rendered(steps, images, extent) == expected, "\(border), shift \(shift)")
            }
        }
    }

    @Test("Interpolation agrees with the definition in Double to one level, at any angle, scale, shear and border")
    func interpolation() {
        let images = someImages(height: 13, width: 17)
        let extent = ImageExtent(height: 13, width: 17, channels: 1)
        for border in ImageBorder.allCases {
            for (degrees, factor, lean) in [(17.0, 1.1, 0.0), (-63, 0.7, 20), (140, 2.3, -35), (3, 0.2, 0)] {
                let warp = Warp.aboutCentre(
                    of: extent, degrees: degrees, factor: factor, lean: lean, right: 1.3, down: -2.2, border: border)
                let output = rendered([.warp(warp)], images, extent)
                for place in output.indices {
                    let expected = interpolated(images, warp, row: place / 17, column: place % 17)
                    #expect(abs(Double(output[place]) - expected) <= 0.68)
                }
            }
        }
    }

    /// Bilinear interpolation written from its definition. The kernel is off by rounding (0.5), by 1/4096 + 2⁻¹⁵ pixel
    /// in each direction (255 levels each at full contrast: 0.14) and by its blends (1/32): 0.672 levels.
    private func interpolated(_ images: ImageSet, _ warp: Warp, row: Int, column: Int) -> Double {
        let (outX, outY) = (Double(column) + 0.5, Double(row) + 0.5)
        let x = warp.xx * outX + warp.xy * outY + warp.x0 - 0.5
        let y = warp.yx * outX + warp.yy * outY + warp.y0 - 0.5
        func fold(_ index: Int, _ size: Int) -> Int? {
            switch warp.border {
            case .zero: return (0..<size).contains(index) ? index : nil
            case .reflect:
                let folded = ((index % (2 * size)) + 2 * size) % (2 * size)
                return folded < size ? folded : 2 * size - 1 - folded
            default: return min(max(index, 0), size - 1)
            }
        }
        func tap(_ row: Int, _ column: Int) -> Double {
            guard let row = fold(row, images.height), let column = fold(column, images.width) else { return 0 }
            return Double(images.pixels[row * images.width + column])
        }
        let (left, top) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
        let (fx, fy) = (x - Double(left), y - Double(top))
        return tap(top, left) * (1 - fx) * (1 - fy) + tap(top, left + 1) * fx * (1 - fy)
            + tap(top + 1, left) * (1 - fx) * fy + tap(top + 1, left + 1) * fx * fy
    }

    @Test("Positive degrees turn counter-clockwise, positive shear leans right, and shifts go right and down")
    func directions() {
        let extent = ImageExtent(height: 100, width: 100, channels: 1)
        // Where the point (80, 50), right of the centre, or (50, 20), above it, shows up: the output that reads there.
        func output(of x: Double, _ y: Double, _ warp: Warp) -> (Double, Double) {
            let determinant = warp.xx * warp.yy - warp.xy * warp.yx
            let (dx, dy) = (x - warp.x0, y - warp.y0)
            return ((warp.yy * dx - warp.xy * dy) / determinant, (warp.xx * dy - warp.yx * dx) / determinant)
        }
        let turned = output(of: 80, 50, Warp.aboutCentre(of: extent, degrees: 30, border: .zero))
        #expect(abs(turned.0 - (50 + 30 * 0.8660254)) < 1e-6 && abs(turned.1 - 35) < 1e-6)
        let leaning = output(of: 50, 20, Warp.aboutCentre(of: extent, degrees: 0, lean: 45, border: .zero))
        #expect(abs(leaning.0 - 80) < 1e-6 && abs(leaning.1 - 20) < 1e-6)
        let moved = output(
            of: 50, 50, Warp.aboutCentre(of: extent, degrees: 0, factor: 2, right: 7, down: 3, border: .zero))
        #expect(abs(moved.0 - 57) < 1e-9 && abs(moved.1 - 53) < 1e-9)
    }

    @Test("A crop shows a rectangle of the drawn area that lies inside the image")
    func resizedCrop() {
        let policy = AugmentationPolicy { RandomResizedCrop(area: 0.3...0.5, aspect: 0.8...1.25) }
        let raw = RawBatch(images: someImages(200), seed: 3, epoch: 0)
        var areas: [Double] = []
        for view in policy.views(of: raw) {
            guard case .warp(let warp) = view.passes[0] else { continue }
            areas.append(warp.xx * warp.yy)
            #expect(warp.x0 >= 0 && warp.x0 + warp.xx * 10 <= 10 + 1e-9)
            #expect(warp.y0 >= 0 && warp.y0 + warp.yy * 12 <= 12 + 1e-9)
        }
        #expect(areas.count == 200 && (areas.min() ?? 0) >= 0.3 - 1e-9 && (areas.max() ?? 1) <= 0.5 + 1e-9)
        #expect((areas.min() ?? 1) < 0.31 && (areas.max() ?? 0) > 0.49)
    }

    @Test("A cutout covers a square of the size asked for, cut off at the edges, and nothing else")
    func cutout() {
        let images = someImages(100, height: 20, width: 30, channels: 2) { _, _, _ in 200 }
        let bytes = AugmentationPolicy { Cutout(size: 0.3, fill: 0.5) }.bytes(images)
        var full = 0
        for image in 0..<100 {
            let covered = (0..<600).filter { bytes[(image * 600 + $0) * 2] == 128 }
            #expect((0..<600).allSatisfy { bytes[(image * 600 + $0) * 2] == bytes[(image * 600 + $0) * 2 + 1] })
            let rows = Set(covered.map { $0 / 30 })
            let columns = Set(covered.map { $0 % 30 })
            #expect(covered.count == rows.count * columns.count && rows.count <= 6 && columns.count <= 6)
            full += covered.count == 36 ? 1 : 0
        }
        // Centres at which all 6 × 6 pixels fit: 15 · 25 of 20 · 30, so 62.5 of 100, deviation 4.8.
        #expect((43...82).contains(full))
    }
}
