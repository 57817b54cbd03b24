import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Weather")
struct WeatherTests {
    private func mean(_ bytes: some Collection<UInt8>) -> Double {
        Double(bytes.reduce(0) { $0 + Int($1) }) / Double(bytes.count)
    }

    @Test("Fog lifts black to between 0 and the formula's bound, which both occur, and keeps the brightest value")
    func fogFormula() {
        // Severity 3: thickness 2.5. With m = 200 / 255 black becomes 255 · 2.5 · p · m / (m + 2.5), p in 0 … 1: to 152.
        let images = someImages(4, height: 80, width: 120, channels: 3) { row, _, _ in row == 0 ? 200 : 0 }
        let bytes = AugmentationPolicy { Fog(severity: 3...3) }.bytes(images)
        let size = images.imageSize
        for image in 0..<4 {
            let fogged = bytes[image * size + 360..<(image + 1) * size]
            // The fractal's extremes may lie in the row that is bright.
            #expect((fogged.max() ?? 0) <= 153 && (fogged.max() ?? 0) >= 135 && (fogged.min() ?? 255) <= 16)
            let bright = bytes[image * size..<image * size + 360]
            // (m + 2.5 p) m / (m + 2.5), from 47.8 to 200.
            #expect((bright.min() ?? 0) >= 47 && (bright.max() ?? 255) <= 200)
            // A veil is grey.
            #expect(stride(from: image * size, to: (image + 1) * size, by: 3).allSatisfy { bytes[$0] == bytes[$0 + 2] })
        }
        #expect(bytes[0..<size] != bytes[size..<2 * size])
    }

    @Test("Fog's fractal is rougher the slower its amplitude falls, and smooth from pixel to pixel")
    func roughness() {
        let images = someImages(8, height: 100, width: 100) { _, _, _ in 1 }
        // A ground of 1 of 255 leaves m / (m + c) · c ≈ m: too dark to see. A corner of white makes it visible.
        let lit = someImages(8, height: 100, width: 100) { row, column, _ in row + column == 0 ? 255 : 0 }
        func steps(_ severity: Double) -> Double {
            let bytes = AugmentationPolicy { Fog(severity: severity...severity) }.bytes(lit)
            let pairs = bytes.indices.dropLast().filter { $0 % 100 != 99 && $0 % 10_000 != 0 }
            return Double(pairs.reduce(0) { $0 + abs(Int(bytes[$1]) - Int(bytes[$1 + 1])) }) / Double(pairs.count)
        }
        #expect(steps(5) > 2 * steps(1) && steps(1) < 4 && steps(1) > 0)
        #expect(mean(AugmentationPolicy { Fog(severity: 5...5) }.bytes(images)) <= 2)
    }

    @Test("Rain darkens the ground by 6 % a degree of severity, and more of it lights more pixels")
    func rain() {
        let images = someImages(4, height: 100, width: 140, channels: 3) { _, _, _ in 100 }
        var shares: [Double] = []
        for severity in 1...5 {
            let bytes = AugmentationPolicy { Rain(severity: Double(severity)...Double(severity)) }.bytes(images)
            let ground = UInt8(100 - 6 * severity)
            #expect(bytes.min() == ground)
            shares.append(Double(bytes.count { $0 > ground + 5 }) / Double(bytes.count))
        }
        #expect(zip(shares, shares.dropFirst()).allSatisfy { $0 < $1 } && shares[0] > 0.005 && shares[4] < 0.9)
    }

    @Test("A single streak is upright without slant, of the length that its severity says")
    func streak() {
        // Severity 0.01 of 100×100 pixels: one streak or two, of 5 pixels give or take a quarter.
        let images = someImages(200, height: 100, width: 100) { _, _, _ in 0 }
        let bytes = AugmentationPolicy { Rain(severity: 0.01...0.01, slant: 0...0) }.bytes(images)
        var inside = 0
        for image in 0..<200 {
            let lit = (0..<10_000).filter { bytes[image * 10_000 + $0] > 0 }
            let columns = Set(lit.map { $0 % 100 })
            let rows = Set(lit.map { $0 / 100 })
            #expect(columns.count <= 2 && rows.count <= 6)
            inside += rows.count >= 4 ? 1 : 0
        }
        #expect(inside > 160)
    }

    @Test("Snow whitens the ground as its formula says and adds flakes, alike in all channels of grey ground")
    func snow() {
        // Severity 1 on 100: luma 100 · 1.5 + 127.5 is cut to 255; 0.8 · 100 + 0.2 · 255 = 131.
        let images = someImages(2, height: 120, width: 90, channels: 3) { _, _, _ in 100 }
        let bytes = AugmentationPolicy { Snow(severity: 1...1) }.bytes(images)
        #expect(bytes.min() == 131 && (bytes.max() ?? 0) > 140)
        #expect(stride(from: 0, to: bytes.count, by: 3).allSatisfy { bytes[$0] == bytes[$0 + 1] })
        // The layer is added once more, turned by 180°.
        let size = images.imageSize
        #expect((0..<size / 3).allSatisfy { bytes[$0 * 3] == bytes[size - 3 - $0 * 3] })
        let heavy = AugmentationPolicy { Snow(severity: 5...5) }.bytes(images)
        #expect(mean(heavy) > mean(bytes))
    }
}
