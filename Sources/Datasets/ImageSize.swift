import TensorCore

/// The extents of an image, and how images of another aspect are brought to them.
public struct ImageSize: Hashable, Sendable, CustomStringConvertible {
    /// In pixels, and the number of values of each pixel.
    public let height, width, channels: Int
    /// Whether an image that is narrower than the size is padded on its right with ``padding`` until it has the size's
    /// aspect, as lines of text are; else it is stretched. One that is wider is stretched in any case.
    public var keepsAspect: Bool

    /// The grey of what is padded: nearly 0 once it is normalised to -1 ... 1.
    public static let padding: UInt8 = 128

    /// Creates a size; each extent is 1 or more.
    public init(height: Int, width: Int, channels: Int, keepsAspect: Bool = false) {
        self.height = height
        self.width = width
        self.channels = channels
        self.keepsAspect = keepsAspect
    }

    public var description: String { "\(height)×\(width)×\(channels)\(keepsAspect ? ", aspect kept" : "")" }

    /// The width to which an image of other extents is padded before it is resized; its own where it is not padded.
    package func paddedWidth(height ownHeight: Int, width ownWidth: Int) -> Int {
        guard keepsAspect else { return ownWidth }
        return max(ownWidth, (2 * ownHeight * width + height) / (2 * height))
    }

    /// Whether height and width are those of another size.
    public func hasSides(of other: ImageSize) -> Bool { (height, width) == (other.height, other.width) }

    /// The smallest size of as many channels that is nowhere smaller than this one or the other; of one that keeps the
    /// aspect of images a multiple, to which they are padded alike.
    public func covering(_ other: ImageSize) -> ImageSize {
        guard keepsAspect else {
            return ImageSize(height: max(height, other.height), width: max(width, other.width), channels: channels)
        }
        let factor = max(1, (other.height + height - 1) / height, (other.width + width - 1) / width)
        return ImageSize(height: factor * height, width: factor * width, channels: channels, keepsAspect: true)
    }

    /// [height, width, channels], as tracing and inference take it.
    public var shape: Shape { [height, width, channels] }
}
