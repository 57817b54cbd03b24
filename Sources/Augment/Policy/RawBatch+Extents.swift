import Datasets
import TensorCore

extension RawBatch {
    /// Of each view.
    var extent: ImageExtent {
        ImageExtent(height: images.size.height, width: images.size.width, channels: images.channels)
    }

    /// Of an image before it is augmented.
    func extent(of place: Int) -> ImageExtent {
        ImageExtent(height: images.heights[place], width: images.widths[place], channels: images.channels)
    }

    /// Stops the program where what is known of the images does not go with them, or a policy cannot augment them.
    func requireSound() {
        require(
            draws.count == images.count && strengths.count == images.count,
            "AugmentationPolicy: \(draws.count) draws and \(strengths.count) strengths for \(images.count) images")
        require(
            strengths.allSatisfy { $0 >= 0 && $0.isFinite },
            "AugmentationPolicy: a strength is negative or not a number")
        for place in 0..<images.count {
            let own = extent(of: place)
            require(
                own.count < 1 << 30 && extent.count < 1 << 30,
                "AugmentationPolicy: an image of \(own.height)×\(own.width)×\(own.channels) as "
                    + "\(extent.height)×\(extent.width), fewer than 2³⁰ bytes expected")
            require(
                own == extent || own.count > 0 && extent.height > 0 && extent.width > 0,
                "AugmentationPolicy: an image of \(own.height)×\(own.width) as \(extent.height)×\(extent.width), "
                    + "1 or more expected")
        }
    }

    /// Calls the closure for all images, so many at a time, in threads.
    func forEachPiece(_ body: @Sendable (Range<Int>) -> Void) { Self.forEachPiece(of: images.count, body) }

    /// Calls the closure for ranges of 0 ..< count, of the images that one thread does at a time.
    static func forEachPiece(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let size = 8
        Parallel.forEach((count + size - 1) / size) { body($0 * size..<min(($0 + 1) * size, count)) }
    }
}
