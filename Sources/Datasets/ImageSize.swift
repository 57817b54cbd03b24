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

    /// [height, width, channels], as tracing and inference take it.
    public var shape: Shape { [height, width, channels] }
}
