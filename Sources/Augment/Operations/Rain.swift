import CImageKernels
import Foundation
import TensorCore

/// Streaks of rain before a darker image, at severities 1 to 5.
///
/// ImageNet-C (arXiv 1903.12261) has no rain; this one adds light, as in the model image = background + rain of the
/// literature on its removal (Li et al. 2016, "Rain streak removal using layer priors"). At severity s there are 4 s
/// streaks a thousand pixels, of 0.05 + 0.02 s of the shorter side in length, and the image loses 6 s percent of its
/// light. All streaks of an image lean by the same angle; each has its own place, length and light, and is a pixel
/// wide. Severity 0 is no rain. The fourth channel of four stays as it is.
public struct Rain: PixelOperation {
    public static let name = "rain"
    public static let template = Rain(severity: 0...0)

    /// The severity. 1 is a drizzle, 5 is a cloudburst, 0 changes nothing.
    @Field("severity", within: 0...5, neutral: 0, required: true) public var severity: ClosedRange<Double>
    /// The degrees by which rain leans from upright, positive where it falls to the right.
    @Field("slant", within: -45...45) public var slant: ClosedRange<Double>

    /// Creates the operation.
    public init(severity: ClosedRange<Double>, slant: ClosedRange<Double> = -20...20) {
        self.severity = severity
        self.slant = slant
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_severity)
        visit(&_slant)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let drawn = stream.uniform(in: severity)
        let degrees = stream.uniform(in: slant)
        guard drawn > 0 else { return }
        view.append(.filter(RainFilter(severity: drawn, slope: tan(degrees * .pi / 180), random: stream.random)))
    }
}

/// Rain of a severity, whose streaks shift by `slope` columns a row.
struct RainFilter: PixelFilter {
    let severity, slope: Double
    let random: Philox

    func apply(to image: Pixels, using scratch: Scratch) {
        let (height, width) = (image.extent.height, image.extent.width)
        let length = (0.05 + 0.02 * severity) * Double(min(height, width))
        // Streaks also begin above the image, and fall in from the sides.
        let above = Int((1.25 * length).rounded(.up))
        let beside = Int((abs(slope) * (Double(height) + length)).rounded(.up))
        let area = Double((height + above) * (width + beside))
        let count = Int((0.004 * severity * area).rounded(.up))
        var parts = scratch.reserve(
            image.area * MemoryLayout<Int16>.stride, count * MemoryLayout<rk_image_streak>.stride)
        let layer = parts.take(image.area, of: Int16.self)
        let streaks = parts.take(count, of: rk_image_streak.self)
        var random = random
        let first = slope > 0 ? -beside : 0
        for place in 0..<count {
            let rows = length * (0.75 + 0.5 * Double(random.uniform()))
            let top = random.index(below: height + above) - above
            let column = Double(first) + Double(random.uniform()) * Double(width + beside)
            let light = 40 + 60 * random.uniform()
            streaks[place] = rk_image_streak(
                top: Int32(top), rows: Int32(max(rows.rounded(), 1)), x: Int32(column * 65536), light: Int32(light))
        }
        layer.update(repeating: 0, count: image.area)
        rk_image_draw_streaks(layer, height, width, streaks, count, Int32(slope * 65536))
        rk_image_add_layer(
            image.base, height, width, image.extent.channels, layer, width, Float(1 - 0.06 * severity), 1, 0)
    }
}
