/// Mirrors left and right.
///
/// Boxes, points and label maps are mirrored with the image. Points of left and right change their labels where
/// ``TargetRules/swaps`` pairs them; otherwise that of a left hand is still called so where it now shows a right one.
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

/// Mirrors top and bottom. Labels of points change as with ``HorizontalFlip``.
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
