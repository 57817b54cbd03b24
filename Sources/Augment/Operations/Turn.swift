/// Turns by 90°, 180° or 270°, each equally likely; an image of unequal sides by 180°, since images keep their size.
///
/// Every pixel stays what it is: four turns by 90° are none. With ``HorizontalFlip`` this makes all eight symmetries of a
/// square.
public struct Turn: AugmentationOperation {
    static let name = "turn"
    static let isGeometric = true
    static let template = Turn()
    static let fields: [OperationField<Turn>] = []

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        let quarters = 1 + stream.random.index(below: 3)
        let degrees = extent.height == extent.width ? Double(90 * quarters) : 180
        var warp = Affine.warp(extent, degrees: degrees, border: .edge)
        // Nothing beyond the edges is read.
        warp.border = nil
        view.append(.warp(warp))
    }
}
