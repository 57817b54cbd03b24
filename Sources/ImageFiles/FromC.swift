import Foundation

extension DecodedImage {
    /// An image that a decoder in C made; its memory is freed.
    init(taking pixels: UnsafeMutablePointer<UInt8>, height: Int, width: Int, channels: Int) {
        defer { free(pixels) }
        let buffer = UnsafeBufferPointer(start: pixels, count: height * width * channels)
        self.init(pixels: Array(buffer), height: height, width: width, channels: channels)
    }
}

extension String {
    /// The text of a fault up to the zero that ends it.
    init(fault message: [CChar]) {
        self.init(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
