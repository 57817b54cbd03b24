/// Rotates, scales, shears and shifts an image about its centre, by bilinear interpolation.
///
/// Enlarging and rotating need no more than that; an image shrunk to less than half its size is not smoothed first.
public struct Affine: PixelOperation {
    public static let name = "affine"
    public static let isGeometric = true
    public static let template = Affine()

    /// Degrees, counter-clockwise as one sees it, within -180 ... 180.
    @Field(within: -180...180, neutral: 0) public private(set) var rotate: ClosedRange<Double>
    /// Factor on both sides, within 0.05 ... 20.
    @Field(within: 0.05...20, neutral: 1) public private(set) var scale: ClosedRange<Double>
    /// The largest shift along each side, as a share of that side, within 0 ... 1.
    @Field(within: 0...1, neutral: 0) public private(set) var translate: Double
    /// Degrees by which vertical lines lean, to the right as one sees it, within -80 ... 80.
    @Field(within: -80...80, neutral: 0) public private(set) var shear: ClosedRange<Double>
    /// What is read beyond the edges.
    @Field public private(set) var border: ImageBorder

    /// Creates the operation; the defaults change nothing.
    public init(
        rotate: ClosedRange<Double> = 0...0, scale: ClosedRange<Double> = 1...1, translate: Double = 0,
        shear: ClosedRange<Double> = 0...0, border: ImageBorder = .zero
    ) {
        self.rotate = rotate
        self.scale = scale
        self.translate = translate
        self.shear = shear
        self.border = border
        requireFields()
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit("rotate", &_rotate)
        visit("scale", &_scale)
        visit("translate", &_translate)
        visit("shear", &_shear)
        visit("border", &_border)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let degrees = stream.uniform(in: rotate)
        let factor = stream.uniform(in: scale)
        let right = stream.uniform(in: -translate...translate) * Double(extent.width)
        let down = stream.uniform(in: -translate...translate) * Double(extent.height)
        let lean = stream.uniform(in: shear)
        view.append(
            .warp(
                .aboutCentre(
                    of: extent, degrees: degrees, factor: factor, lean: lean, right: right, down: down, border: border))
        )
    }
}
