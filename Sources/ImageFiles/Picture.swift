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
        return try PictureMemory.shared.spending(need(for: size, divisor: 1) + resized, for: name) {
            let image = try decoded(dividedBy: 1).converted(toChannels: size.channels).padded(for: size)
            return image.resized(height: size.height, width: size.width)
        }
    }

    /// Decodes the image for a network that reads it at a size, in its own size or a half, quarter or eighth of it: the
    /// smallest of which each side has at least twice the network's pixels, so that a crop of a quarter of its area has
    /// a pixel for each of the network's. An image whose aspect is kept is padded, and its sides are those with the
    /// padding.
    func read(for size: ImageSize) throws -> DecodedImage {
        let (ownHeight, ownWidth) = upright(height, width)
        let fullWidth = size.paddedWidth(height: ownHeight, width: ownWidth)
        let divisor = [8, 4, 2].first { ownHeight >= 2 * size.height * $0 && fullWidth >= 2 * size.width * $0 } ?? 1
        return try PictureMemory.shared.spending(need(for: size, divisor: divisor), for: name) {
            try decoded(dividedBy: divisor).converted(toChannels: size.channels).padded(for: size)
        }
    }

    func extents(dividedBy divisor: Int) -> (height: Int, width: Int) {
        ((height + divisor - 1) / divisor, (width + divisor - 1) / divisor)
    }

    /// The extents of the image once it is turned, from those before.
    private func upright(_ height: Int, _ width: Int) -> (height: Int, width: Int) {
        orientation >= 5 ? (width, height) : (height, width)
    }

    /// Bytes for the decoded image, for decoding or else for its conversion to other channels, and for its padding.
    private func need(for size: ImageSize, divisor: Int) -> Int {
        let (height, width) = extents(dividedBy: divisor)
        let target = size.channels
        let converted = target == channels ? 0 : height * width * max(target, channels == 4 ? 3 : 1)
        let (rows, columns) = upright(height, width)
        let fullWidth = size.paddedWidth(height: rows, width: columns)
        let padded = fullWidth > columns ? rows * fullWidth * target : 0
        return height * width * channels + max(workBytes(dividedBy: divisor), converted) + padded
    }
}
