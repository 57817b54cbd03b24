import Foundation

/// Rotates, scales, shears and shifts an image about its centre, by bilinear interpolation.
///
/// Enlarging and rotating need no more than that; an image shrunk to less than half its size is not smoothed first.
public struct Affine: AugmentationOperation {
    static let name = "affine"
    static let isGeometric = true
    static let template = Affine()
    static let fields: [OperationField<Affine>] = [
        .range("rotate", \.rotate, within: -180...180, neutral: 0),
        .range("scale", \.scale, within: 0.05...20, neutral: 1),
        .number("translate", \.translate, within: 0...1, neutral: 0),
        .range("shear", \.shear, within: -80...80, neutral: 0),
        .choice("border", \.border),
    ]

    /// Degrees, counter-clockwise as one sees it, within -180 ... 180.
    public private(set) var rotate: ClosedRange<Double>
    /// Factor on both sides, within 0.05 ... 20.
    public private(set) var scale: ClosedRange<Double>
    /// The largest shift along each side, as a share of that side, within 0 ... 1.
    public private(set) var translate: Double
    /// Degrees by which vertical lines lean, to the right as one sees it, within -80 ... 80.
    public private(set) var shear: ClosedRange<Double>
    /// What is read beyond the edges.
    public private(set) var border: ImageBorder

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

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        let degrees = stream.uniform(in: rotate)
        let factor = stream.uniform(in: scale)
        let right = stream.uniform(in: -translate...translate) * Double(extent.width)
        let down = stream.uniform(in: -translate...translate) * Double(extent.height)
        let lean = stream.uniform(in: shear)
        view.append(
            .warp(
                Self.warp(
                    extent, degrees: degrees, factor: factor, lean: lean, right: right, down: down, border: border)))
    }

    /// The map from output back to input of: shear, rotate, scale about the centre, then shift by pixels.
    ///
    /// With rows counted downwards, counter-clockwise as one sees it takes (x, y) to (x cos + y sin, −x sin + y cos).
    static func warp(
        _ extent: ImageExtent, degrees: Double, factor: Double = 1, lean: Double = 0, right: Double = 0,
        down: Double = 0, border: ImageBorder
    ) -> Warp {
        let (cosine, sine) = cosineAndSine(degrees: degrees)
        let slope = tan(lean * .pi / 180)
        let (centreX, centreY) = (Double(extent.width) / 2, Double(extent.height) / 2)
        // Back from output: undo the shift, the scale, the rotation, then the shear x + slope · (−y).
        let (yx, yy) = (sine / factor, cosine / factor)
        let (xx, xy) = (cosine / factor + slope * yx, -sine / factor + slope * yy)
        return Warp(
            xx: xx, xy: xy, x0: centreX - xx * (centreX + right) - xy * (centreY + down),
            yx: yx, yy: yy, y0: centreY - yx * (centreX + right) - yy * (centreY + down), border: border)
    }

    /// Exact at multiples of 90°.
    private static func cosineAndSine(degrees: Double) -> (Double, Double) {
        if let quarters = Int(exactly: degrees / 90) {
            return [(1, 0), (0, 1), (-1, 0), (0, -1)][((quarters % 4) + 4) % 4]
        }
        return (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
    }
}
