import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Noise that depends on the value")
struct ValueNoiseTests {
    /// A million values of one byte, after the policy.
    private func million(of byte: UInt8, _ policy: AugmentationPolicy) -> [Double] {
        policy.bytes(someImages(height: 1000, width: 1000) { _, _, _ in byte }).map(Double.init)
    }

    private func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
    }

    @Test("Shot noise counts photons: each count comes as often as Poisson's formula says")
    func poisson() {
        // Byte 51 is a fifth of white: 20 photons at white give a mean of 4; a photon is 12.75 levels.
        let values = million(of: 51, AugmentationPolicy { ShotNoise(intensity: 0.05) })
        var probability = exp(-4.0)
        for count in 0..<12 {
            let level = (Double(count) * 12.75).rounded()
            let found = Double(values.count { abs($0 - level) < 1 }) / 1e6
            #expect(abs(found - probability) < 5 * (probability / 1e6).squareRoot() + 1e-9, "\(count) photons")
            probability *= 4 / Double(count + 1)
        }
    }

    @Test("Its mean is the value and its variance the intensity times the value, in both of its regimes")
    func shotMoments() {
        for (byte, intensity) in [(UInt8(60), 1.0 / 60), (100, 1.0 / 250), (100, 1.0 / 260), (100, 0.001), (20, 0.3)] {
            let (mean, variance) = moments(million(of: byte, AugmentationPolicy { ShotNoise(intensity: intensity) }))
            let expected = Double(byte) * 255 * intensity
            // Five deviations of a mean of 10⁶; a tenth of a level for rounding counts to bytes. Rounding to bytes adds
            // 1/12 to the variance; what is cut at white takes a little where the noise is strong.
            #expect(abs(mean - Double(byte)) < 0.1 + expected.squareRoot() * 0.005, "\(byte), \(intensity): \(mean)")
            // At 1 / 250 a photon is 1.02 levels: rounding makes it 1 level about the mean, which takes 4 % of the variance.
            if intensity < 0.1 { #expect(abs(variance / (expected + 1.0 / 12) - 1) < 0.04, "\(byte): \(variance)") }
        }
        // Black has no photons.
        #expect(million(of: 0, AugmentationPolicy { ShotNoise(intensity: 0.2) }).allSatisfy { $0 == 0 })
    }

    @Test("Speckle has a deviation in proportion to the value, and leaves black alone")
    func speckle() {
        for byte in [UInt8(0), 40, 120] {
            let (mean, variance) = moments(
                million(of: byte, AugmentationPolicy { SpeckleNoise(standardDeviation: 0.2) }))
            let expected = Double(byte) * Double(byte) * 0.04
            #expect(abs(mean - Double(byte)) < 0.15)
            #expect(abs(variance - expected - (byte == 0 ? 0 : 1.0 / 12)) < 0.012 * expected + 1e-9, "\(byte)")
        }
    }

    @Test("Salt and pepper replace their shares of pixels, all channels of a pixel alike")
    func impulses() {
        let images = someImages(height: 1000, width: 1000, channels: 3) { _, _, _ in 100 }
        let bytes = AugmentationPolicy { SaltAndPepper(amount: 0.1, salt: 0.3) }.bytes(images)
        let pixels = stride(from: 0, to: bytes.count, by: 3).map { Array(bytes[$0..<$0 + 3]) }
        let (salt, pepper) = (pixels.count { $0 == [255, 255, 255] }, pixels.count { $0 == [0, 0, 0] })
        // Deviations 171 and 255.
        #expect(abs(salt - 30_000) < 860 && abs(pepper - 70_000) < 1300)
        #expect(pixels.count { $0 == [100, 100, 100] } == 1_000_000 - salt - pepper)
        let all = AugmentationPolicy { SaltAndPepper(amount: 1) }.bytes(images)
        #expect(all.allSatisfy { $0 == 0 || $0 == 255 })
    }
}
