import CImageKernels
import Foundation

/// A field of vectors, one for each output pixel, that says how far from its own place it reads.
struct Displacement {
    enum Kind {
        /// Random numbers, smoothed: standard deviation of the vectors and of the smoothing, in pixels.
        case random(deviation: Double, smoothing: Double, stream: RandomStream)
        /// Vectors at the corners of cells × cells equal cells, row by row; bilinear within a cell.
        case mesh(cells: Int, vectors: [Point])
        /// From the centre of an output pixel to the place that it shows.
        case function(@Sendable (_ x: Double, _ y: Double) -> (x: Double, y: Double))
    }

    let kind: Kind
    let border: ImageBorder?

    /// Computes the field, [height, width], to the right and downwards, in pixels, for the time of a call.
    func withField<R>(
        _ extent: ImageExtent, using scratch: Scratch,
        _ body: (_ right: UnsafeMutablePointer<Float>, _ down: UnsafeMutablePointer<Float>) -> R
    ) -> R {
        let area = extent.height * extent.width
        switch kind {
        case .random(let deviation, let smoothing, var stream):
            let taps = Self.gaussian(smoothing)
            let work = max(area, extent.width + taps.count)
            var parts = scratch.reserve(area * 4, area * 4, work * 4)
            let fields = [parts.take(area, of: Float.self), parts.take(area, of: Float.self)]
            let padded = parts.take(work, of: Float.self)
            // Uniform numbers in -1 ... 1 have variance 1/3; each smoothing leaves the sum of its squared taps of it.
            let left = taps.reduce(0) { $0 + Double($1) * Double($1) }
            let factor = Float(deviation * 3.0.squareRoot() / left)
            for field in fields {
                for place in 0..<area { field[place] = (2 * stream.random.uniform() - 1) * factor }
                rk_image_smooth(field, extent.height, extent.width, taps, taps.count / 2, padded)
            }
            return body(fields[0], fields[1])
        case .mesh(let cells, let vectors):
            var parts = scratch.reserve(area * 4, area * 4)
            let (right, down) = (parts.take(area, of: Float.self), parts.take(area, of: Float.self))
            for row in 0..<extent.height {
                let y = (Double(row) + 0.5) / Double(extent.height) * Double(cells)
                for column in 0..<extent.width {
                    let x = (Double(column) + 0.5) / Double(extent.width) * Double(cells)
                    let vector = Self.interpolated(vectors, cells, x, y)
                    right[row * extent.width + column] = Float(vector.x)
                    down[row * extent.width + column] = Float(vector.y)
                }
            }
            return body(right, down)
        case .function(let place):
            var parts = scratch.reserve(area * 4, area * 4)
            let (right, down) = (parts.take(area, of: Float.self), parts.take(area, of: Float.self))
            // A place that is no number lies beyond every edge.
            func shift(_ from: Double, _ to: Double) -> Float { to.isFinite ? Float(to - from) : 0x1p30 }
            for row in 0..<extent.height {
                for column in 0..<extent.width {
                    let (x, y) = (Double(column) + 0.5, Double(row) + 0.5)
                    let read = place(x, y)
                    right[row * extent.width + column] = shift(x, read.x)
                    down[row * extent.width + column] = shift(y, read.y)
                }
            }
            return body(right, down)
        }
    }

    /// Taps of a Gaussian, which sum to 1, cut off at three standard deviations.
    private static func gaussian(_ deviation: Double) -> [Float] {
        let radius = Int((3 * deviation).rounded(.up))
        let taps = (-radius...radius).map { exp(-0.5 * pow(Double($0) / max(deviation, 1e-9), 2)) }
        let sum = taps.reduce(0, +)
        return taps.map { Float($0 / sum) }
    }

    private static func interpolated(_ vectors: [Point], _ cells: Int, _ x: Double, _ y: Double) -> Point {
        let (left, top) = (min(Int(x), cells - 1), min(Int(y), cells - 1))
        let (fx, fy) = (x - Double(left), y - Double(top))
        let first = top * (cells + 1) + left
        let upper = Self.between(vectors[first], vectors[first + 1], fx)
        let lower = Self.between(vectors[first + cells + 1], vectors[first + cells + 2], fx)
        return Self.between(upper, lower, fy)
    }

    private static func between(_ a: Point, _ b: Point, _ share: Double) -> Point {
        Point(x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share)
    }
}
