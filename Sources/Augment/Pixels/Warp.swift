import CImageKernels
import Foundation
import TensorCore

/// What lies beyond the edges of an image.
public enum ImageBorder: String, Sendable, Hashable, Codable, CaseIterable {
    /// Black.
    case zero
    /// The nearest pixel of the image.
    case edge
    /// The image itself, as in mirrors at its outer edges: c b a | a b c | c b a.
    case reflect
}

/// A map of the plane that says where each output pixel reads, affine or projective. Coordinates are in pixels from the
/// upper left corner, with pixel centres at i + 0.5:
///
/// ```text
/// x = (xx · column + xy · row + x0) / w
/// y = (yx · column + yy · row + y0) / w
/// w = wx · column + wy · row + 1
/// ```
public struct Warp: Sendable, Hashable {
    /// The numerator of x.
    public internal(set) var xx, xy, x0: Double
    /// The numerator of y.
    public internal(set) var yx, yy, y0: Double
    /// The divisor: both 0 unless the map is projective.
    public internal(set) var wx, wy: Double
    /// What is read beyond the edges; nil where that never shows, so that the map joins neighbours of any border.
    public internal(set) var border: ImageBorder?

    /// Creates a map from finite coefficients; the defaults are those of the map that changes nothing.
    public init(
        xx: Double = 1, xy: Double = 0, x0: Double = 0, yx: Double = 0, yy: Double = 1, y0: Double = 0, wx: Double = 0,
        wy: Double = 0, border: ImageBorder? = nil
    ) {
        require(
            (xx + xy + x0 + yx + yy + y0 + wx + wy).isFinite,
            "Warp: coefficients \([xx, xy, x0, yx, yy, y0, wx, wy]) given, finite ones expected")
        (self.xx, self.xy, self.x0) = (xx, xy, x0)
        (self.yx, self.yy, self.y0) = (yx, yy, y0)
        (self.wx, self.wy) = (wx, wy)
        self.border = border
    }

    /// Turns, scales and shears an image about its centre, then shifts it.
    ///
    /// - Parameters:
    ///   - extent: of the image.
    ///   - degrees: counter-clockwise as one sees it; exact at multiples of 90°.
    ///   - factor: on both sides, not 0.
    ///   - lean: degrees by which vertical lines lean, to the right as one sees it, before the image is turned.
    ///   - right: pixels, as down.
    ///   - border: what is read beyond the edges; nil where that never shows.
    public static func aboutCentre(
        of extent: ImageExtent, degrees: Double = 0, factor: Double = 1, lean: Double = 0, right: Double = 0,
        down: Double = 0, border: ImageBorder?
    ) -> Warp {
        // With rows counted downwards, counter-clockwise as one sees it takes (x, y) to
        // (x cos + y sin, −x sin + y cos).
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

extension Warp {
    var isAffine: Bool { wx == 0 && wy == 0 }

    var isIdentity: Bool { (xx, xy, x0) == (1, 0, 0) && (yx, yy, y0) == (0, 1, 0) && isAffine }

    /// Both warps as one, this one first. nil if their borders differ: then the pixels between them count; or if the
    /// frame's corner lies on the horizon.
    ///
    /// What the first would have pushed out of the frame, the second can bring back: one resampling of the original
    /// loses less than two.
    func followed(by next: Warp) -> Warp? {
        if let border, let other = next.border, border != other { return nil }
        // The product of the matrices [xx xy x0; yx yy y0; wx wy 1], divided by its last element.
        let w0 = wx * next.x0 + wy * next.y0 + 1
        guard w0 > 1e-6 else { return nil }
        return Warp(
            xx: (xx * next.xx + xy * next.yx + x0 * next.wx) / w0,
            xy: (xx * next.xy + xy * next.yy + x0 * next.wy) / w0, x0: (xx * next.x0 + xy * next.y0 + x0) / w0,
            yx: (yx * next.xx + yy * next.yx + y0 * next.wx) / w0,
            yy: (yx * next.xy + yy * next.yy + y0 * next.wy) / w0, y0: (yx * next.x0 + yy * next.y0 + y0) / w0,
            wx: (wx * next.xx + wy * next.yx + next.wx) / w0, wy: (wx * next.xy + wy * next.yy + next.wy) / w0,
            border: border ?? next.border)
    }

    /// Below 0 where the map mirrors.
    var determinant: Double { xx * (yy - y0 * wy) - xy * (yx - y0 * wx) + x0 * (yx * wy - yy * wx) }

    /// Where a point of the input shows in the output; nil for one that lies on the horizon or behind it, and where the
    /// map has no inverse.
    func output(of point: Point) -> Point? {
        // By the adjugate: the inverse but for a factor, which the division takes out.
        let (x, y) = (point.x, point.y)
        let column = (yy - y0 * wy) * x + (x0 * wy - xy) * y + (xy * y0 - x0 * yy)
        let row = (y0 * wx - yx) * x + (xx - x0 * wx) * y + (x0 * yx - xx * y0)
        let w = (yx * wy - yy * wx) * x + (xy * wx - xx * wy) * y + (xx * yy - xy * yx)
        // Before the horizon the divisor of the map itself, determinant / w, is positive.
        guard w != 0, determinant / w > 1e-6 else { return nil }
        return Point(x: column / w, y: row / w)
    }

    /// What the affine kernel takes: steps in units of 2⁻³² pixel from the centre of the first output pixel.
    var kernelForm: rk_image_map {
        rk_image_map(
            x0: fixed(0.5 * xx + 0.5 * xy + x0 - 0.5), x_column: fixed(xx), x_row: fixed(xy),
            y0: fixed(0.5 * yx + 0.5 * yy + y0 - 0.5), y_column: fixed(yx), y_row: fixed(yy))
    }

    /// What the projective kernel takes: both sides counted from the centre of the first pixel.
    var projectiveForm: rk_image_projection {
        let w0 = 0.5 * wx + 0.5 * wy + 1
        return rk_image_projection(
            x: (0.5 * xx + 0.5 * xy + x0 - 0.5 * w0, xx - 0.5 * wx, xy - 0.5 * wy),
            y: (0.5 * yx + 0.5 * yy + y0 - 0.5 * w0, yx - 0.5 * wx, yy - 0.5 * wy), w: (w0, wx, wy))
    }

    /// Reads an image of one extent as one of another: its frame fills the new frame.
    static func resizing(from source: ImageExtent, to extent: ImageExtent) -> Warp {
        Warp(
            xx: Double(source.width) / Double(extent.width), yy: Double(source.height) / Double(extent.height))
    }

    /// How many pixels of the input a pixel in the middle of the output covers along each axis, in whole ones, 1 at
    /// least.
    func cover(_ extent: ImageExtent) -> (rows: Int, columns: Int) {
        let (column, row) = (Double(extent.width) / 2, Double(extent.height) / 2)
        let w = wx * column + wy * row + 1
        guard w > 1e-6 else { return (1, 1) }
        // The derivatives of x and y by column and row.
        let (x, y) = ((xx * column + xy * row + x0) / w, (yx * column + yy * row + y0) / w)
        func whole(_ byColumn: Double, _ byRow: Double) -> Int {
            // What rounding may have taken from a whole number comes back.
            Int(min(max((byColumn * byColumn + byRow * byRow).squareRoot() / w * (1 + 1e-9), 1), 0x1p16))
        }
        return (whole(yx - y * wx, yy - y * wy), whole(xx - x * wx, xy - x * wy))
    }

    /// The same map onto an image in which blocks of pixels became one.
    func onto(blocksOf rows: Int, _ columns: Int) -> Warp {
        var warp = self
        let (x, y) = (Double(columns), Double(rows))
        (warp.xx, warp.xy, warp.x0) = (xx / x, xy / x, x0 / x)
        (warp.yx, warp.yy, warp.y0) = (yx / y, yy / y, y0 / y)
        return warp
    }

    /// Whether this only mirrors an image of that extent, and how.
    func mirror(_ extent: ImageExtent) -> (sideways: Bool, upright: Bool)? {
        let (width, height) = (Double(extent.width), Double(extent.height))
        guard xy == 0, yx == 0, isAffine, xx == 1 && x0 == 0 || xx == -1 && x0 == width,
            yy == 1 && y0 == 0 || yy == -1 && y0 == height
        else { return nil }
        return (xx == -1, yy == -1)
    }

    private func fixed(_ value: Double) -> Int64 { Int64((min(max(value, -0x1p30), 0x1p30) * 0x1p32).rounded()) }
}

/// A place in an image, in pixels from its upper left corner: the first pixel's centre is (0.5, 0.5).
struct Point: Equatable {
    var x, y: Double
}
