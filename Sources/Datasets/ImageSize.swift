import TensorCore

/// The extents of an image.
public struct ImageSize: Hashable, Sendable, CustomStringConvertible {
    /// In pixels, and the number of values of each pixel.
    public let height, width, channels: Int

    /// Creates a size; each extent is 1 or more.
    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    public var description: String { "\(height)×\(width)×\(channels)" }

    /// Whether height and width are those of another size.
    public func hasSides(of other: ImageSize) -> Bool { (height, width) == (other.height, other.width) }

    /// The smallest size of as many channels that is nowhere smaller than this one or the other.
    public func covering(_ other: ImageSize) -> ImageSize {
        ImageSize(height: max(height, other.height), width: max(width, other.width), channels: channels)
    }

    /// [height, width, channels], as tracing and inference take it.
    public var shape: Shape { [height, width, channels] }
}
