import Datasets
import TensorCore

/// An image file whose extents are known and whose pixels are not decoded yet.
protocol Picture {
    var name: String { get }
    var height: Int { get }
    var width: Int { get }
    var channels: Int { get }
    /// Whether the file has 16 bits a sample, of which 8 are kept.
    var isDeep: Bool { get }
    /// Bytes that decoding takes beside the pixels themselves.
    var workBytes: Int { get }

    /// Decodes the pixels, for which memory was asked.
    func decoded() throws -> DecodedImage
}

extension Picture {
    var isDeep: Bool { false }

    /// Decodes the image, once there is memory for it.
    ///
    /// - Throws: `MachineError` where there is not.
    func read() throws -> DecodedImage {
        try PictureMemory.shared.spending(height * width * channels + workBytes, for: name) { try decoded() }
    }

    /// Decodes the image and brings it to a size.
    func read(as size: ImageSize) throws -> DecodedImage {
        let pixels = height * width
        let converted = size.channels == channels ? 0 : pixels * max(size.channels, channels == 4 ? 3 : 1)
        // Resizing keeps rows as numbers of 4 bytes between its two passes.
        let resized = (height, width) == (size.height, size.width) ? 0 : 4 * height * size.width * size.channels
        let need = pixels * channels + max(workBytes, converted) + resized
        return try PictureMemory.shared.spending(need, for: name) {
            let image = try decoded().converted(toChannels: size.channels)
            return image.resized(height: size.height, width: size.width)
        }
    }
}
