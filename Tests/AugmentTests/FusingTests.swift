import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Fused passes do what the single steps do")
struct FusingTests {
    private let extent = ImageExtent(height: 32, width: 32, channels: 1)

    @Test("Two warps as one resampling agree with two resamplings of a smooth image")
    func warps() {
        // Dark towards the edges, second derivatives up to 230 / 25: an interpolation is off by an eighth of that in
        // each direction at most, 2.3 levels, and by half for rounding. Three of them are compared here.
        let images = someImages(height: 32, width: 32) { row, column, _ in
            let distance = hypot(Double(row) - 15.5, Double(column) - 15.5)
            return UInt8(max(0, 230 * exp(-distance * distance / 50)))
        }
        let first = Warp.aboutCentre(of: extent, degrees: 25, factor: 1.1, right: 2, down: -1, border: .zero)
        let second = Warp.aboutCentre(of: extent, degrees: -40, factor: 0.9, lean: 10, down: 2, border: .zero)
        let view = View(fusing: [.warp(first), .warp(second)])
        #expect(view.passes.count == 1)
        let fused = rendered([.warp(first), .warp(second)], images, extent)
        let between = someImages(height: 32, width: 32) { row, column, _ in
            rendered([.warp(first)], images, extent)[row * 32 + column]
        }
        let separate = rendered([.warp(second)], between, extent)
        #expect(zip(fused, separate).allSatisfy { abs(Int($0) - Int($1)) <= 8 })
        #expect(zip(fused, images.pixels).contains { abs(Int($0) - Int($1)) > 50 })
    }

    @Test("Warps with different borders stay apart, for each shows its own; a flip joins either")
    func borders() {
        let zero = Warp(x0: 3, border: .zero)
        let edge = Warp(x0: 2, border: .edge)
        let flip = Warp(xx: -1, x0: 32)
        #expect(View(fusing: [.warp(zero), .warp(edge)]).passes.count == 2)
        #expect(View(fusing: [.warp(zero), .warp(flip), .warp(zero)]).passes.count == 1)
        #expect(View(fusing: [.warp(flip), .warp(edge), .warp(flip)]).passes.count == 1)
    }

    @Test("Tones in sequence are one table, exact to float against Double and without rounding to bytes in between")
    func tones() {
        let tones: [Tone] = [.linear(gain: 0.6, offset: 0.3), .power(1.7), .linear(gain: 1.4, offset: -0.2)]
        guard case .tones(let fused) = View(fusing: tones.map { .tone($0) }).passes[0] else {
            Issue.record("no table")
            return
        }
        let normalization = Normalization(mean: [0.13, 0.5], deviation: [0.31, 0.2])
        var table = [Float](repeating: 0, count: 512)
        table.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { fused.writeTable(normalization, into: base) }
        }
        let bytes = fused.withBytes(channels: 2) { [UInt8]($0) }
        for byte in 0..<256 {
            let first = min(max(Double(byte) / 255 * 0.6 + 0.3, 0), 1)
            let value = min(max(pow(first, 1.7) * 1.4 - 0.2, 0), 1)
            #expect(abs(Double(table[byte]) - (value - 0.13) / 0.31) < 4e-6)
            #expect(abs(Double(table[256 + byte]) - (value - 0.5) / 0.2) < 4e-6)
            #expect(bytes[256 + byte] == UInt8((value * 255).rounded()))
        }
    }

    @Test("Brightness and contrast stretch about middle grey within their ranges; gamma leaves black and white")
    func drawnTones() {
        let images = someImages(300, height: 1, width: 3) { _, column, _ in [0, 128, 255][column] }
        let raw = RawBatch(images: images, seed: 1, epoch: 0)
        let policy = AugmentationPolicy { BrightnessContrast(brightness: 0.2, contrast: 0.4) }
        var gains: [Float] = []
        for view in policy.views(of: raw) {
            guard case .tones(let tones) = view.passes[0], case .linear(let gain, let offset) = tones[0] else {
                continue
            }
            gains.append(gain)
            #expect(abs(gain * 0.5 + offset - 0.5) <= 0.2 + 1e-6)
        }
        #expect(gains.count == 300 && gains.allSatisfy { $0 >= 0.6 && $0 <= 1.4 })
        // Uniform on 0.6…1.4: mean 1, deviation 0.8 / √12 / √300 = 0.013.
        let mean = gains.reduce(0, +) / Float(gains.count)
        #expect(abs(mean - 1) < 0.06)
        let darker = AugmentationPolicy { Gamma(2...2) }.bytes(images)
        #expect(darker[0..<3] == [0, 64, 255])
    }

    @Test("What the network sees is what the contact sheet shows, normalised")
    func sameImages() {
        // The last operation is noise, so both come from the same bytes.
        let images = someImages(4, channels: 3)
        let normalization = Normalization(mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.3, 0.4])
        let shown = ImageSet(
            pixels: everything.bytes(images), height: 12, width: 10, channels: 3, labels: images.labels,
            classNames: images.classNames)
        let expected = PlainTransform()(RawBatch(images: shown, seed: 5, epoch: 0), normalization: normalization)
        #expect(everything.inputs(images, normalization).isBitIdentical(to: expected.inputs))
    }
}
