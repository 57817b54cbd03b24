import Datasets
import TensorCore

/// One image in memory: bytes, [height, width, channels], row-major.
public struct DecodedImage: Sendable, Hashable {
    /// Grey (1 channel), red, green, blue (3), or these and opacity, not multiplied into them (4); sRGB, 0 is black.
    public let pixels: [UInt8]
    /// Extents, each at least 1; 1, 3 or 4 channels.
    public let height, width, channels: Int

    /// Creates an image. Other extents than the pixels fill stop the program.
    public init(pixels: [UInt8], height: Int, width: Int, channels: Int) {
        require(
            height > 0 && width > 0 && [1, 3, 4].contains(channels) && pixels.count == height * width * channels,
            "DecodedImage: \(pixels.count) bytes for \(height)×\(width) pixels of \(channels) channels")
        self.pixels = pixels
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// The image with another number of channels, 1, 3 or 4.
    ///
    /// An opacity that is dropped is seen through to white paper, as a viewer shows it. Colours become grey by their
    /// luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, as JPEG and most image libraries have it). All roundings are to
    /// nearest.
    public func converted(toChannels target: Int) -> DecodedImage {
        require([1, 3, 4].contains(target), "DecodedImage.converted: to \(target) channels, 1, 3 or 4 expected")
        switch (channels, target) {
        case (1, 3):
            return mapped(to: 3) { source, pixel in for channel in 0..<3 { pixel[channel] = source[0] } }
        case (3, 4):
            return mapped(to: 4) { source, pixel in
                for channel in 0..<3 { pixel[channel] = source[channel] }
                pixel[3] = 255
            }
        case (3, 1):
            return mapped(to: 1) { source, pixel in
                // 0.299, 0.587 and 0.114 in units of 2⁻¹⁶; their sum is exactly 1, so that grey stays grey.
                let luma = 19_595 * Int(source[0]) + 38_470 * Int(source[1]) + 7_471 * Int(source[2])
                pixel[0] = UInt8((luma + 32_768) >> 16)
            }
        case (4, 3):
            return mapped(to: 3) { source, pixel in
                let opacity = Int(source[3])
                for channel in 0..<3 {
                    let sum = Int(source[channel]) * opacity + 255 * (255 - opacity)
                    pixel[channel] = UInt8((sum + 127) / 255)
                }
            }
        case (4, 1), (1, 4): return converted(toChannels: 3).converted(toChannels: target)
        default: return self
        }
    }

    /// Calls the closure with the places of each pixel's channels here and in the result.
    private func mapped(
        to target: Int, _ body: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
    ) -> DecodedImage {
        let count = height * width
        let result = [UInt8](unsafeUninitializedCapacity: count * target) { output, initialized in
            pixels.withUnsafeBufferPointer { input in
                guard let source = input.baseAddress, let pixel = output.baseAddress else { return }
                for place in 0..<count { body(source + place * channels, pixel + place * target) }
            }
            initialized = count * target
        }
        return DecodedImage(pixels: result, height: height, width: width, channels: target)
    }
}

extension ImageSet {
    /// One of the images by itself, of 1, 3 or 4 channels.
    public func image(_ place: Int) -> DecodedImage {
        DecodedImage(
            pixels: Array(pixels[place * imageSize..<(place + 1) * imageSize]), height: height, width: width,
            channels: channels)
    }
}
