import Foundation

// Filters reach all channels alike, also the fourth of four; beyond the edges the nearest pixel counts.

/// Blurs by the normal distribution, cut at three deviations: along rows, then along columns, rounded to bytes between.
public struct GaussianBlur: PixelOperation {
    public static let name = "gaussianBlur"
    public static let template = GaussianBlur(sigma: 0...0)

    /// The deviation in pixels.
    @Field("sigma", within: 0...16, neutral: 0, required: true) public var sigma: ClosedRange<Double>

    /// Creates the operation.
    public init(sigma: ClosedRange<Double>) { self.sigma = sigma }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_sigma) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let deviation = stream.uniform(in: sigma)
        guard deviation > 0 else { return }
        for isVertical in [false, true] {
            let filter = Convolution.gaussian(deviation: deviation, isVertical: isVertical)
            if !filter.isIdentity { view.append(.filter(filter)) }
        }
    }
}

/// Blurs along a line, as a camera that moves while it sees: the mean over evenly spaced points of a centred line, read
/// by interpolation.
public struct MotionBlur: PixelOperation {
    public static let name = "motionBlur"
    public static let template = MotionBlur(length: 1...1)

    /// The pixels that a point is spread over. 1 changes nothing.
    @Field("length", within: 1...64, neutral: 1, required: true) public var length: ClosedRange<Double>
    /// The angle of the line in degrees, counter-clockwise as one sees it. 0 is level.
    @Field("angle", within: -180...180) public var angle: ClosedRange<Double>

    /// Creates the operation.
    public init(length: ClosedRange<Double>, angle: ClosedRange<Double> = -90...90) {
        self.length = length
        self.angle = angle
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_length)
        visit(&_angle)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let length = stream.uniform(in: length)
        let degrees = stream.uniform(in: angle)
        let count = Int(length.rounded(.up))
        let points = (0..<count).map { (place: Int) -> Double in
            ((Double(place) + 0.5) / Double(count) - 0.5) * length
        }
        guard count > 1 else { return }
        // From end to end: length − 1 apart, so that a whole length is that many whole pixels.
        let scale = (length - 1) / (length * (1 - 1 / Double(count)))
        let filter = Convolution.line(degrees: degrees, points.map { ($0 * scale, 1) })
        if !filter.isIdentity { view.append(.filter(filter)) }
    }
}

/// Blurs by a disc, as a lens out of focus. A pixel counts by how far its centre lies inside the disc's rim, half a
/// pixel beyond the radius: max(0, min(1, radius + 0.5 − distance)).
///
/// ImageNet-C's severities 1 to 5 (Hendrycks and Dietterich 2019) have radii 3, 4, 6, 8 and 10, with a rim softened by
/// a small Gaussian blur.
public struct Defocus: PixelOperation {
    public static let name = "defocus"
    public static let template = Defocus(radius: 0...0)

    /// The radius of the disc in pixels.
    @Field("radius", within: 0...16, neutral: 0, required: true) public var radius: ClosedRange<Double>

    /// Creates the operation.
    public init(radius: ClosedRange<Double>) { self.radius = radius }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_radius) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let radius = stream.uniform(in: radius)
        let reach = Int((radius + 0.5).rounded(.up))
        var weights: [(row: Int, column: Int, weight: Double)] = []
        for row in -reach...reach {
            for column in -reach...reach {
                let weight = min(radius + 0.5 - Double(row * row + column * column).squareRoot(), 1)
                // At radius 0 the pixel itself counts half, and all of the sum.
                if weight > 0 { weights.append((row, column, weight)) }
            }
        }
        let filter = Convolution(weights)
        if !filter.isIdentity { view.append(.filter(filter)) }
    }
}

/// Sharpens or softens: out = smooth + factor · (in − smooth), smooth being the mean of the pixel, counted five times,
/// and its eight neighbours, as Pillow's `ImageEnhance.Sharpness`, which leaves the outermost pixels as they are.
public struct Sharpen: PixelOperation {
    public static let name = "sharpen"
    public static let template = Sharpen(factor: 1...1)

    /// The factor. 0 is smooth, 1 changes nothing, 2 is sharper.
    @Field("factor", within: 0...10, neutral: 1, required: true) public var factor: ClosedRange<Double>

    /// Creates the operation.
    public init(factor: ClosedRange<Double>) { self.factor = factor }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_factor) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let factor = stream.uniform(in: factor)
        var weights: [(row: Int, column: Int, weight: Double)] = []
        for row in -1...1 {
            for column in -1...1 {
                let isCentre = row == 0 && column == 0
                weights.append((row, column, (1 - factor) * (isCentre ? 5 : 1) / 13 + (isCentre ? factor : 0)))
            }
        }
        let filter = Convolution(weights)
        if !filter.isIdentity { view.append(.filter(filter)) }
    }
}
