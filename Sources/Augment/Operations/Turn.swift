/// Turns by 90°, 180° or 270°, each equally likely; an image of unequal sides by 180°, since images keep their size.
///
/// Every pixel stays what it is: four turns by 90° are none. With ``HorizontalFlip`` this makes all eight symmetries of
/// a square.
public struct Turn: PixelOperation {
    public static let name = "turn"
    public static let isGeometric = true
    public static let template = Turn()

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let quarters = 1 + stream.random.index(below: 3)
        let degrees = extent.height == extent.width ? Double(90 * quarters) : 180
        // Nothing beyond the edges is read.
        view.append(.warp(.aboutCentre(of: extent, degrees: degrees, border: nil)))
    }
}
