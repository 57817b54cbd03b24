import Foundation

/// Cuts out a rectangle of random area, shape and place, and enlarges it to the whole image (Szegedy et al. 2015,
/// "Going deeper with convolutions").
///
/// A drawn side that is longer than the image's is cut to it, where the original draws again.
public struct RandomResizedCrop: PixelOperation {
    public static let name = "randomResizedCrop"
    public static let isGeometric = true
    public static let template = RandomResizedCrop()

    /// The rectangle's share of the image's area.
    @Field("area", within: 0.01...1, neutral: 1) public var area: ClosedRange<Double>
    /// Width by height, both as shares of the image's sides. It is drawn evenly by its logarithm.
    @Field("aspect", within: 0.1...10, neutral: 1) public var aspect: ClosedRange<Double>

    /// Creates the operation; the defaults are the usual ones for photographs, but for a larger smallest area.
    public init(area: ClosedRange<Double> = 0.25...1, aspect: ClosedRange<Double> = 0.75...(4.0 / 3)) {
        self.area = area
        self.aspect = aspect
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_area)
        visit(&_aspect)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let share = stream.uniform(in: area)
        let shape = exp(stream.uniform(in: log(aspect.lowerBound)...log(aspect.upperBound)))
        let width = min((share * shape).squareRoot(), 1)
        let height = min((share / shape).squareRoot(), 1)
        let left = stream.uniform(in: 0...1) * (1 - width) * Double(extent.width)
        let top = stream.uniform(in: 0...1) * (1 - height) * Double(extent.height)
        view.append(.warp(Warp(xx: width, x0: left, yy: height, y0: top)))
    }
}

/// Puts a border around the image and cuts a piece of the original size out at random: a shift by whole pixels, as is
/// usual for CIFAR (padding 4).
public struct PadAndCrop: PixelOperation {
    public static let name = "padAndCrop"
    public static let isGeometric = true
    public static let template = PadAndCrop(padding: 0)

    /// The pixels of border on each side.
    @Field("padding", within: 0...1024, neutral: 0, required: true) public var padding: Int
    /// What the border shows.
    @Field("border") public var border: ImageBorder

    /// Creates the operation.
    public init(padding: Int, border: ImageBorder = .zero) {
        self.padding = padding
        self.border = border
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_padding)
        visit(&_border)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let right = stream.random.index(below: 2 * padding + 1) - padding
        let down = stream.random.index(below: 2 * padding + 1) - padding
        view.append(.warp(Warp(x0: Double(right), y0: Double(down), border: border)))
    }
}
