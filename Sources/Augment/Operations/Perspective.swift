/// Shows the image as if it lay askew in space: each corner moves inwards by its own share of the sides, and lines stay
/// straight (torchvision's `RandomPerspective`). Joins neighbouring affine operations in one resampling.
public struct Perspective: PixelOperation {
    public static let name = "perspective"
    public static let isGeometric = true
    public static let template = Perspective(distortion: 0)

    /// Twice the largest share of a side that a corner moves along it. At more than 2/3 corners could pass
    /// one another.
    @Field("distortion", within: 0...0.6, neutral: 0, required: true) public var distortion: Double
    /// What is read beyond the edges.
    @Field("border") public var border: ImageBorder

    /// Creates the operation.
    public init(distortion: Double, border: ImageBorder = .zero) {
        self.distortion = distortion
        self.border = border
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_distortion)
        visit(&_border)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        // Corners clockwise from the upper left.
        let corners = [(0.0, 0.0), (1, 0), (1, 1), (0, 1)].map { x, y in
            let (inX, inY) = (stream.uniform(in: 0...distortion / 2), stream.uniform(in: 0...distortion / 2))
            return Point(
                x: (x == 0 ? inX : 1 - inX) * Double(extent.width), y: (y == 0 ? inY : 1 - inY) * Double(extent.height))
        }
        view.append(.warp(Self.warp(extent, to: corners, border: border)))
    }

    /// The map that shows the image's corners at the given places, clockwise from the upper left.
    ///
    /// From the unit square to a quadrilateral in closed form (Heckbert 1989, "Fundamentals of texture mapping and
    /// image warping", section 2.2.3), then inverted by its adjugate.
    static func warp(_ extent: ImageExtent, to corners: [Point], border: ImageBorder) -> Warp {
        let (p, q, r, s) = (corners[0], corners[1], corners[2], corners[3])
        let (dx1, dy1) = (q.x - r.x, q.y - r.y)
        let (dx2, dy2) = (s.x - r.x, s.y - r.y)
        let (sumX, sumY) = (p.x - q.x + r.x - s.x, p.y - q.y + r.y - s.y)
        let across = dx1 * dy2 - dx2 * dy1
        let (g, h) = ((sumX * dy2 - dx2 * sumY) / across, (dx1 * sumY - sumX * dy1) / across)
        let (a, b, c) = (q.x - p.x + g * q.x, s.x - p.x + h * s.x, p.x)
        let (d, e, f) = (q.y - p.y + g * q.y, s.y - p.y + h * s.y, p.y)
        let (width, height) = (Double(extent.width), Double(extent.height))
        // The adjugate of [a b c; d e f; g h 1], rows scaled to pixels of the image, by its last element.
        let w0 = a * e - b * d
        return Warp(
            xx: (e - f * h) * width / w0, xy: (c * h - b) * width / w0, x0: (b * f - c * e) * width / w0,
            yx: (f * g - d) * height / w0, yy: (a - c * g) * height / w0, y0: (c * d - a * f) * height / w0,
            wx: (d * h - e * g) / w0, wy: (b * g - a * h) / w0, border: border)
    }
}
