/// Cuts out a rectangle of the image's own shape, at its centre or at a random place inside, and enlarges it to the
/// whole image.
///
/// Of other shapes is ``RandomResizedCrop``; with a border around it ``PadAndCrop``.
public struct Crop: PixelOperation {
    /// Where the rectangle lies.
    public enum Place: String, Sendable, Hashable, Codable, CaseIterable {
        /// In the middle.
        case centre
        /// Anywhere inside the image, evenly.
        case random
    }

    public static let name = "crop"
    public static let isGeometric = true
    public static let template = Crop(side: 1...1)

    /// The rectangle's sides as a share of the image's.
    @Field("side", within: 0.1...1, neutral: 1, required: true) public var side: ClosedRange<Double>
    /// Where the rectangle lies.
    @Field("place") public var place: Place

    /// Creates the operation.
    public init(side: ClosedRange<Double>, place: Place = .random) {
        self.side = side
        self.place = place
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_side)
        visit(&_place)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let share = stream.uniform(in: side)
        let (x, y) = (stream.uniform(in: 0...1), stream.uniform(in: 0...1))
        let (left, top) = place == .centre ? (0.5, 0.5) : (x, y)
        view.append(
            .warp(
                Warp(
                    xx: share, x0: left * (1 - share) * Double(extent.width), yy: share,
                    y0: top * (1 - share) * Double(extent.height))))
    }
}
