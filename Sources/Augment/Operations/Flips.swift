/// Mirrors left and right.
public struct HorizontalFlip: PixelOperation {
    public static let name = "horizontalFlip"
    public static let isGeometric = true
    public static let template = HorizontalFlip()

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.warp(Warp(xx: -1, x0: Double(extent.width))))
    }
}

/// Mirrors top and bottom.
public struct VerticalFlip: PixelOperation {
    public static let name = "verticalFlip"
    public static let isGeometric = true
    public static let template = VerticalFlip()

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.warp(Warp(yy: -1, y0: Double(extent.height))))
    }
}
