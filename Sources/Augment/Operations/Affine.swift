/// Rotates, scales, shears and shifts an image about its centre, by bilinear interpolation.
///
/// Enlarging and rotating need no more than that; an image shrunk to less than half its size is not smoothed first.
public struct Affine: PixelOperation {
    public static let name = "affine"
    public static let isGeometric = true
    public static let template = Affine()

    /// The angle in degrees, counter-clockwise as one sees it.
    @Field("rotate", within: -180...180, neutral: 0) public var rotate: ClosedRange<Double>
    /// The factor on both sides.
    @Field("scale", within: 0.05...20, neutral: 1) public var scale: ClosedRange<Double>
    /// The largest shift along each side, as a share of that side.
    @Field("translate", within: 0...1, neutral: 0) public var translate: Double
    /// The degrees by which vertical lines lean, to the right as one sees it.
    @Field("shear", within: -80...80, neutral: 0) public var shear: ClosedRange<Double>
    /// What is read beyond the edges.
    @Field("border") public var border: ImageBorder

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
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_rotate)
        visit(&_scale)
        visit(&_translate)
        visit(&_shear)
        visit(&_border)
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
