import Datasets
import TensorCore

/// An image file whose extents are known and whose pixels are not decoded yet.
protocol Picture {
    var name: String { get }
    /// Extents of the pixels as they are stored, before they are turned.
    var height: Int { get }
    var width: Int { get }
    var channels: Int { get }
    /// The turn of the camera, as Exif has it, 1 ... 8.
    var orientation: Int { get }
    /// Whether the file has 16 bits a sample, of which 8 are kept.
    var isDeep: Bool { get }
    /// Bytes that ``decoded(dividedBy:)`` takes beside the pixels of its result.
    func workBytes(dividedBy divisor: Int) -> Int

    /// Decodes the pixels upright, for which memory was asked.
    ///
    /// - Parameter divisor: of the extents, which are rounded up: 1, 2, 4 or 8.
    func decoded(dividedBy divisor: Int) throws -> DecodedImage
}

extension Picture {
    var isDeep: Bool { false }

    /// Decodes the image, once there is memory for it.
    ///
    /// - Throws: `MachineError` where there is not.
    func read() throws -> DecodedImage {
        try PictureMemory.shared.spending(height * width * channels + workBytes(dividedBy: 1), for: name) {
            try decoded(dividedBy: 1)
        }
    }

    /// Decodes the image and brings it to a size.
    func read(as size: ImageSize) throws -> DecodedImage {
        // Resizing keeps rows as numbers of 4 bytes between its two passes.
        let resized = (height, width) == (size.height, size.width) ? 0 : 4 * height * size.width * size.channels
        return try PictureMemory.shared.spending(need(channels: size.channels, divisor: 1) + resized, for: name) {
            let image = try decoded(dividedBy: 1).converted(toChannels: size.channels)
            return image.resized(height: size.height, width: size.width)
        }
    }

    /// Decodes the image for a network that reads it at a size, in its own size or a half, quarter or eighth of it: the
    /// smallest of which each side has at least twice the network's pixels, so that a crop of a quarter of its area has
    /// a pixel for each of the network's.
    func read(for size: ImageSize) throws -> DecodedImage {
        let isTurned = orientation >= 5
        let (ownHeight, ownWidth) = isTurned ? (width, height) : (height, width)
        let divisor = [8, 4, 2].first { ownHeight >= 2 * size.height * $0 && ownWidth >= 2 * size.width * $0 } ?? 1
        return try PictureMemory.shared.spending(need(channels: size.channels, divisor: divisor), for: name) {
            try decoded(dividedBy: divisor).converted(toChannels: size.channels)
        }
    }

    func extents(dividedBy divisor: Int) -> (height: Int, width: Int) {
        ((height + divisor - 1) / divisor, (width + divisor - 1) / divisor)
    }

    /// Bytes for the decoded image, and for decoding or else for its conversion to other channels.
    private func need(channels target: Int, divisor: Int) -> Int {
        let (height, width) = extents(dividedBy: divisor)
        let converted = target == channels ? 0 : height * width * max(target, channels == 4 ? 3 : 1)
        return height * width * channels + max(workBytes(dividedBy: divisor), converted)
    }
}
