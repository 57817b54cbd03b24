/// Mirrors left and right.
public struct HorizontalFlip: AugmentationOperation {
    static let name = "horizontalFlip"
    static let isGeometric = true
    static let template = HorizontalFlip()
    static let fields: [OperationField<HorizontalFlip>] = []

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        view.append(.warp(Warp(xx: -1, x0: Double(extent.width))))
    }
}

/// Mirrors top and bottom.
public struct VerticalFlip: AugmentationOperation {
    static let name = "verticalFlip"
    static let isGeometric = true
    static let template = VerticalFlip()
    static let fields: [OperationField<VerticalFlip>] = []

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        view.append(.warp(Warp(yy: -1, y0: Double(extent.height))))
    }
}
