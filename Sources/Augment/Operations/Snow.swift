import CImageKernels
import Foundation

/// Whitens the image and lets flakes fall over it, at severities as ImageNet-C's (Hendrycks and Dietterich 2019, arXiv
/// 1903.12261): normal noise, enlarged, cut off below a threshold, blurred along the wind, added once and once turned
/// by 180°, to an image that is mixed with a whiter one.
///
/// What differs from ImageNet-C: severities between the whole numbers interpolate its constants, 0 is no snow at all;
/// the blur is symmetric about a flake; flakes and blur keep their size relative to the shorter side, which is 224
/// pixels there. Frost, which ImageNet-C pastes from photographs, is left out. The fourth channel of four stays as it
/// is.
public struct Snow: PixelOperation {
    public static let name = "snow"
    public static let template = Snow(severity: 0...0)

    /// The severity. 1 is light, 5 is heavy, 0 changes nothing.
    @Field("severity", within: 0...5, neutral: 0, required: true) public var severity: ClosedRange<Double>

    /// Creates the operation.
    public init(severity: ClosedRange<Double>) { self.severity = severity }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_severity) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let drawn = stream.uniform(in: severity)
        let degrees = stream.uniform(in: 45...135)
        guard drawn > 0 else { return }
        view.append(.filter(SnowFilter(severity: drawn, degrees: degrees, stream: stream)))
    }
}

/// Snow that is blown along a line at an angle, counter-clockwise from level.
struct SnowFilter: PixelFilter {
    let severity, degrees: Double
    let stream: RandomStream

    func apply(to image: Pixels, using scratch: Scratch) {
        let (height, width, scale) = (image.extent.height, image.extent.width, image.extent.scaleFrom224)
        func constant(_ table: [Double]) -> Double { interpolated(table, at: severity) }
        let (mean, deviation) = (constant([0.1, 0.1, 0.2, 0.55, 0.55, 0.55]), 0.3)
        let zoom = max(constant([3, 3, 2, 4, 4.5, 2.5]) * scale, 1)
        let threshold = constant([1, 0.5, 0.5, 0.9, 0.85, 0.85])
        let radius = constant([10, 10, 12, 12, 12, 12]) * scale
        let blur = max(constant([4, 4, 4, 8, 8, 12]) * scale, 0.1)
        let keep = constant([1, 0.8, 0.7, 0.7, 0.65, 0.55])

        // One more row and column than are read at, as interpolation wants.
        let (smallHeight, smallWidth) = (Int(Double(height) / zoom) + 2, Int(Double(width) / zoom) + 2)
        let random = KernelRandom(stream)
        let flakes = Convolution.line(
            degrees: degrees,
            stride(from: -radius.rounded(), through: radius.rounded(), by: 1).map {
                ($0, exp(-$0 * $0 / (2 * blur * blur)))
            })
        // The filter works in the same memory, so the layer's bytes have their own.
        let own = Scratch.take()
        defer { own.giveBack() }
        var parts = own.reserve(smallHeight * smallWidth, image.area, image.area * MemoryLayout<Int16>.stride)
        let small = parts.take(smallHeight * smallWidth, of: UInt8.self)
        let layer = parts.take(image.area, of: UInt8.self)
        let sum = parts.take(image.area, of: Int16.self)
        small.update(repeating: UInt8((mean * 255).rounded()), count: smallHeight * smallWidth)
        rk_image_add_noise(small, smallHeight * smallWidth, Float(deviation * 255), random.key, random.counter)
        rk_image_enlarge(
            small, smallWidth, height, width, Int32(65536 / zoom), UInt8((threshold * 255).rounded()), layer)
        flakes.apply(
            to: Pixels(base: layer, extent: ImageExtent(height: height, width: width, channels: 1)), using: scratch)
        for place in 0..<image.area { sum[place] = Int16(layer[place]) + Int16(layer[image.area - 1 - place]) }
        rk_image_whiten(image.base, image.area, image.extent.channels, Float(keep))
        rk_image_add_layer(image.base, height, width, image.extent.channels, sum, width, 1, 1, 0)
    }
}
