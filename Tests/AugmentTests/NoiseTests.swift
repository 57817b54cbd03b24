import CImageKernels
import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Noise")
struct NoiseTests {
    @Test("Each number is Box and Muller's of the Philox words that the kernel's contract names")
    func oracle() {
        var x = [UInt8](repeating: 128, count: 600)
        let key: [UInt32] = [0xDEAD_BEEF, 42]
        let counter: [UInt32] = [7, 1003, 99, 2]
        rk_image_add_noise(&x, x.count, 25, key, counter)
        for (place, byte) in x.enumerated() {
            let (tile, word, lane) = (place / 256, place % 256 / 64, place % 64)
            let block = Philox.block(
                counter: [7 + UInt32(64 * tile + lane), 1003, 99, 2], key: [0xDEAD_BEEF, 42])
            let pair = word / 2 * 2
            let radius = (-2 * log(Double((block[pair] >> 8) + 1) / 0x1p24)).squareRoot()
            let angle = 2 * Double.pi * Double(block[pair + 1] >> 8) / 0x1p24
            let value = 128 + 25 * radius * (word % 2 == 0 ? cos(angle) : sin(angle))
            // Half a level of rounding, and a hundred-thousandth for arithmetic in Float.
            #expect(abs(Double(byte) - min(max(value, 0), 255)) <= 0.5 + 2e-4, "element \(place)")
        }
    }

    @Test("Mean, deviation, share beyond one and two deviations are the normal distribution's")
    func moments() {
        let images = someImages(height: 100, width: 200) { _, _, _ in 128 }
        let values = AugmentationPolicy { GaussianNoise(standardDeviation: 0.1) }.bytes(images).map { Double($0) - 128 }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let deviation = (values.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
        // 20,000 numbers: the mean's deviation is 25.5 / √20000 = 0.18, that of the deviation 0.13.
        #expect(abs(mean) < 0.8 && abs(deviation - 25.5) < 0.6)
        func share(beyond limit: Double) -> Double { Double(values.count { abs($0) > limit }) / count }
        #expect(abs(share(beyond: 25.5) - 0.3173) < 0.014 && abs(share(beyond: 51) - 0.0455) < 0.007)
    }

    @Test("Noise stops at black and white instead of wrapping round, and of deviation 0 changes nothing")
    func limits() {
        let images = someImages(height: 16, width: 16) { row, _, _ in row < 8 ? 0 : 255 }
        let noisy = AugmentationPolicy { GaussianNoise(standardDeviation: 0.2) }.bytes(images)
        #expect(noisy[..<128].allSatisfy { $0 < 230 } && noisy[128...].allSatisfy { $0 > 25 })
        #expect(AugmentationPolicy { GaussianNoise(standardDeviation: 0) }.bytes(images) == images.pixels)
    }

    @Test("Neighbouring samples, places in a policy and epochs have noise of their own")
    func independence() {
        let images = someImages(2, height: 16, width: 16) { _, _, _ in 128 }
        let once = AugmentationPolicy { GaussianNoise(standardDeviation: 0.1) }
        let bytes = once.bytes(images)
        #expect(bytes[..<256] != bytes[256...])
        let later = AugmentationPolicy {
            HorizontalFlip().probability(0)
            GaussianNoise(standardDeviation: 0.1)
        }
        #expect(later.bytes(images) != bytes)
    }

    @Test("The noise of rarely noisy samples is no different: what decided on it is not used again")
    func decision() {
        let images = someImages(4000, height: 1, width: 1) { _, _, _ in 128 }
        let rare = AugmentationPolicy { GaussianNoise(standardDeviation: 0.1).probability(0.05) }
        let first = rare.bytes(images).map { abs(Double($0) - 128) }.filter { $0 > 0 }
        // Some 197 of them change. The mean of |z| is 0.798 · 25.5 = 20.3, its deviation 1.1; that of samples whose
        // first uniform number is below 0.05 would be twice that.
        #expect((130...270).contains(first.count))
        let mean: Double = first.reduce(0, +) / Double(first.count)
        #expect(abs(mean - 20.3) < 5)
    }
}
