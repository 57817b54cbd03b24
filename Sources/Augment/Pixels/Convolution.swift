import CImageKernels
import Foundation

/// A filter whose output pixel is a weighted sum of the pixels around it; beyond the edges the nearest pixel counts.
/// All channels alike.
struct Convolution: PixelFilter {
    /// Whole weights, in units of 2⁻¹⁶, that sum to 1.
    private(set) var taps: [rk_image_tap]

    /// From weights of any sum above 0; (rows down, columns right) of each pixel that counts.
    init(_ weights: [(row: Int, column: Int, weight: Double)]) {
        let sum = weights.reduce(0) { $0 + $1.weight }
        taps = weights.map {
            rk_image_tap(
                row: Int32($0.row), column: Int32($0.column), weight: Int32(($0.weight / sum * 65536).rounded()))
        }
        // What rounding lost or added goes to the largest, so that an even ground keeps its value.
        if let largest = taps.indices.max(by: { taps[$0].weight < taps[$1].weight }) {
            taps[largest].weight += 65536 - taps.reduce(0) { $0 + $1.weight }
        }
        taps.removeAll { $0.weight == 0 }
    }

    var isIdentity: Bool { taps.count == 1 && taps[0].row == 0 && taps[0].column == 0 }

    func apply(to image: Pixels, using scratch: Scratch) {
        let (height, width, channels) = (image.extent.height, image.extent.width, image.extent.channels)
        let rows = taps.reduce(0) { max($0, abs(Int($1.row))) }
        let columns = taps.reduce(0) { max($0, abs(Int($1.column))) }
        let bytes = (height + 2 * rows) * (width + 2 * columns) * channels + Int(RK_IMAGE_SLACK)
        var parts = scratch.reserve(bytes)
        let framed = parts.take(bytes, of: UInt8.self)
        // Read with the last pixels and not used.
        (framed + bytes - Int(RK_IMAGE_SLACK)).update(repeating: 0, count: Int(RK_IMAGE_SLACK))
        rk_image_add_margin(image.base, height, width, channels, rows, columns, framed)
        rk_image_convolve(framed, height, width, channels, rows, columns, taps, taps.count, image.base)
    }

    /// Along one axis, the normal distribution of the deviation (pixels), to three deviations on each side.
    static func gaussian(deviation: Double, isVertical: Bool) -> Convolution {
        let radius = Int((3 * deviation).rounded(.up))
        return Convolution(
            (-radius...radius).map { offset in
                // The square of a deviation below 1e-162 is 0, and 0 / 0 no number.
                let weight = offset == 0 ? 1 : exp(-Double(offset * offset) / (2 * deviation * deviation))
                return (isVertical ? offset : 0, isVertical ? 0 : offset, weight)
            })
    }

    /// Along a line through the pixel: points at the given distances, each shared between the four pixels around it.
    ///
    /// - Parameter degrees: of the line, counter-clockwise as one sees it; 0 is level.
    static func line(degrees: Double, _ points: [(distance: Double, weight: Double)]) -> Convolution {
        let (right, down) = (cos(degrees * .pi / 180), -sin(degrees * .pi / 180))
        let reach = Int((points.map { abs($0.distance) }.max() ?? 0).rounded(.up)) + 1
        let side = 2 * reach + 1
        var grid = [Double](repeating: 0, count: side * side)
        for (distance, weight) in points {
            // Below half a step of a weight, so that what is level or upright stays so.
            let (x, y) = (snapped(distance * right), snapped(distance * down))
            let (left, top) = (x.rounded(.down), y.rounded(.down))
            for (row, rowShare) in [(top, 1 - (y - top)), (top + 1, y - top)] where rowShare > 0 {
                for (column, share) in [(left, 1 - (x - left)), (left + 1, x - left)] where share > 0 {
                    grid[(Int(row) + reach) * side + Int(column) + reach] += weight * rowShare * share
                }
            }
        }
        return Convolution(
            grid.indices.filter { grid[$0] > 0 }.map { ($0 / side - reach, $0 % side - reach, grid[$0]) })
    }

    private static func snapped(_ value: Double) -> Double {
        abs(value - value.rounded()) < 1e-9 ? value.rounded() : value
    }
}
