import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Conversions of images")
struct ImageTests {
    static func image(_ pixels: [UInt8], _ height: Int, _ width: Int, _ channels: Int) -> DecodedImage {
        DecodedImage(pixels: pixels, height: height, width: width, channels: channels)
    }

    @Test("every pair of channel numbers, by hand")
    func channels() {
        let grey = Self.image([7, 250], 1, 2, 1)
        #expect(grey.converted(toChannels: 3).pixels == [7, 7, 7, 250, 250, 250])
        #expect(grey.converted(toChannels: 4).pixels == [7, 7, 7, 255, 250, 250, 250, 255])
        #expect(grey.converted(toChannels: 1) == grey)
        // 0.299 · 255 = 76.2, 0.587 · 255 = 149.7, 0.114 · 255 = 29.1
        let colours = Self.image([255, 0, 0, 0, 255, 0, 0, 0, 255], 1, 3, 3)
        #expect(colours.converted(toChannels: 1).pixels == [76, 150, 29])
        // Black of opacity 0, 128 and 255 over white; 255 − 128 = 127.
        let black = Self.image([0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 255], 3, 1, 4)
        #expect(black.converted(toChannels: 3).pixels == [255, 255, 255, 127, 127, 127, 0, 0, 0])
        #expect(black.converted(toChannels: 1).pixels == [255, 127, 0])
    }

    @Test("all 256 greys survive the way through colours and opacity")
    func greys() {
        let greys = Self.image((0...255).map { UInt8($0) }, 16, 16, 1)
        #expect(greys.converted(toChannels: 3).converted(toChannels: 1) == greys)
        #expect(greys.converted(toChannels: 4).converted(toChannels: 1) == greys)
    }

    @Test("shrinking averages what a pixel covers, in part too")
    func shrinking() {
        // Halves: means of 2 × 2 blocks.
        let four = Self.image([0, 10, 20, 30, 40, 50, 60, 70], 2, 4, 1)
        #expect(four.resized(height: 1, width: 2).pixels == [25, 45])
        // Three pixels to two: (1 · 30 + ½ · 60) / 1.5 = 40, (½ · 60 + 1 · 90) / 1.5 = 80.
        #expect(Self.image([30, 60, 90], 1, 3, 1).resized(height: 1, width: 2).pixels == [40, 80])
        #expect(Self.image([30, 60, 90], 3, 1, 1).resized(height: 2, width: 1).pixels == [40, 80])
    }

    @Test("growing interpolates between centres at i + 0.5; outside of them the border goes on")
    func growing() {
        // New centres at 0.25, 0.75, 1.25, 1.75 in old units.
        #expect(Self.image([0, 100], 1, 2, 1).resized(height: 1, width: 4).pixels == [0, 25, 75, 100])
        let pixel = Self.image([1, 2, 3], 1, 1, 3).resized(height: 2, width: 3)
        #expect(pixel.pixels == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
    }

    @Test("against a Double oracle: the integral over each pixel's cover, for awkward sizes")
    func oracle() {
        let image = noise(height: 13, width: 17, channels: 3)
        let (height, width) = (5, 7)
        let resized = image.resized(height: height, width: width)
        func cover(_ new: Int, _ old: Int, _ newCount: Int, _ oldCount: Int) -> Double {
            let scale = Double(oldCount) / Double(newCount)
            return max(0, min(Double(new + 1) * scale, Double(old + 1)) - max(Double(new) * scale, Double(old))) / scale
        }
        for (place, pixel) in resized.pixels.enumerated() {
            let (row, column, channel) = (place / 3 / width, place / 3 % width, place % 3)
            var sum = 0.0
            for y in 0..<13 {
                for x in 0..<17 {
                    sum +=
                        cover(row, y, height, 13) * cover(column, x, width, 17)
                        * Double(image.pixels[(y * 17 + x) * 3 + channel])
                }
            }
            // Half of a step by rounding, and Float's error in about 20 products.
            #expect(abs(Double(pixel) - sum) <= 0.5 + 1e-3)
        }
    }

    @Test("an even image stays even at any size, and its own size changes nothing")
    func even() {
        for value in [UInt8(0), 1, 128, 254, 255] {
            let image = Self.image([UInt8](repeating: value, count: 63), 7, 9, 1)
            for (height, width) in [(1, 1), (3, 4), (7, 20), (50, 5)] {
                #expect(Set(image.resized(height: height, width: width).pixels) == [value])
            }
        }
        let image = noise(height: 4, width: 6, channels: 4)
        #expect(image.resized(height: 4, width: 6) == image)
    }

    @Test("extents that do not fit, and a number of channels that no image has, stop the program")
    func misuse() async {
        await #expect(processExitsWith: .failure) { _ = DecodedImage(pixels: [1], height: 1, width: 2, channels: 1) }
        await #expect(processExitsWith: .failure) {
            _ = DecodedImage(pixels: [1, 2], height: 1, width: 1, channels: 2)
        }
        await #expect(processExitsWith: .failure) { _ = gradient.converted(toChannels: 2) }
        await #expect(processExitsWith: .failure) { _ = gradient.resized(height: 0, width: 2) }
    }
}
