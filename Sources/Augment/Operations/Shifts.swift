import Foundation

/// Shifts by drawn shares of the sides, each side by its own range: what ``Affine``, whose shifts go all ways alike,
/// does not say, and policies from tables need.
public struct Translate: PixelOperation {
    public static let name = "translate"
    public static let isGeometric = true
    public static let template = Translate()

    /// The shift to the right, as a share of the width.
    @Field("right", within: -1...1, neutral: 0) public var right: ClosedRange<Double>
    /// The shift downwards, as a share of the height.
    @Field("down", within: -1...1, neutral: 0) public var down: ClosedRange<Double>
    /// What is read beyond the edges.
    @Field("border") public var border: ImageBorder

    /// Creates the operation; the defaults change nothing.
    public init(right: ClosedRange<Double> = 0...0, down: ClosedRange<Double> = 0...0, border: ImageBorder = .zero) {
        self.right = right
        self.down = down
        self.border = border
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_right)
        visit(&_down)
        visit(&_border)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let x = stream.uniform(in: right) * Double(extent.width)
        let y = stream.uniform(in: down) * Double(extent.height)
        view.append(.warp(Warp(x0: -x, y0: -y, border: border)))
    }
}

/// Shears along rows or columns, about the centre: ``Affine`` shears along rows alone.
public struct Shear: PixelOperation {
    public static let name = "shear"
    public static let isGeometric = true
    public static let template = Shear()

    /// The degrees by which vertical lines lean, to the right as one sees it.
    @Field("horizontal", within: -80...80, neutral: 0) public var horizontal: ClosedRange<Double>
    /// The degrees by which horizontal lines fall, to the right as one sees it.
    @Field("vertical", within: -80...80, neutral: 0) public var vertical: ClosedRange<Double>
    /// What is read beyond the edges.
    @Field("border") public var border: ImageBorder

    /// Creates the operation; the defaults change nothing. Where both are drawn, rows are sheared first.
    public init(
        horizontal: ClosedRange<Double> = 0...0, vertical: ClosedRange<Double> = 0...0, border: ImageBorder = .zero
    ) {
        self.horizontal = horizontal
        self.vertical = vertical
        self.border = border
    }

    /// The wider of the two ranges.
    var largest: ClosedRange<Double> {
        func size(_ range: ClosedRange<Double>) -> Double { max(-range.lowerBound, range.upperBound) }
        return size(horizontal) > size(vertical) ? horizontal : vertical
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_horizontal)
        visit(&_vertical)
        visit(&_border)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let lean = stream.uniform(in: horizontal)
        let fall = tan(stream.uniform(in: vertical) * .pi / 180)
        view.append(.warp(.aboutCentre(of: extent, lean: lean, border: border)))
        // Back from output: y − fall · (x − centre).
        view.append(.warp(Warp(yx: -fall, y0: fall * Double(extent.width) / 2, border: border)))
    }
}
