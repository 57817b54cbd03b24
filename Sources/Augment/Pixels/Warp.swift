import CImageKernels
import Foundation

/// What lies beyond the edges of an image.
public enum ImageBorder: String, Sendable, Hashable, Codable, CaseIterable {
    /// Black.
    case zero
    /// The nearest pixel of the image.
    case edge
    /// The image itself, as in mirrors at its outer edges: c b a | a b c | c b a.
    case reflect
}

/// An affine map of the plane from output to input coordinates, in pixels, with pixel centres at i + 0.5:
/// x = xx · column + xy · row + x0, y = yx · column + yy · row + y0.
struct Warp: Equatable {
    var xx = 1.0
    var xy = 0.0
    var x0 = 0.0
    var yx = 0.0
    var yy = 1.0
    var y0 = 0.0
    /// nil where it never shows: for flips and crops, which read nothing beyond the edges.
    var border: ImageBorder?

    var isIdentity: Bool { (xx, xy, x0) == (1, 0, 0) && (yx, yy, y0) == (0, 1, 0) }

    /// Both warps as one, this one first. nil if their borders differ: then the pixels between them count.
    ///
    /// What the first would have pushed out of the frame, the second can bring back: one resampling of the original
    /// loses less than two.
    func followed(by next: Warp) -> Warp? {
        if let border, let other = next.border, border != other { return nil }
        return Warp(
            xx: xx * next.xx + xy * next.yx, xy: xx * next.xy + xy * next.yy, x0: xx * next.x0 + xy * next.y0 + x0,
            yx: yx * next.xx + yy * next.yx, yy: yx * next.xy + yy * next.yy, y0: yx * next.x0 + yy * next.y0 + y0,
            border: border ?? next.border)
    }

    /// What the kernel takes: steps in units of 2⁻³² pixel from the centre of the first output pixel.
    var kernelForm: rk_image_map {
        rk_image_map(
            x0: fixed(0.5 * xx + 0.5 * xy + x0 - 0.5), x_column: fixed(xx), x_row: fixed(xy),
            y0: fixed(0.5 * yx + 0.5 * yy + y0 - 0.5), y_column: fixed(yx), y_row: fixed(yy))
    }

    private func fixed(_ value: Double) -> Int64 { Int64((min(max(value, -0x1p30), 0x1p30) * 0x1p32).rounded()) }
}
