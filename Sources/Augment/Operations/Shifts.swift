import Foundation

/// Shifts by drawn shares of the sides, each side by its own range: what ``Affine``, whose shifts go all ways alike, does
/// not say, and policies from tables need.
public struct Translate: PixelOperation {
    public static let name = "translate"
    public static let isGeometric = true
    public static let template = Translate()

    /// To the right, as a share of the width, within -1 ... 1.
    @Field(within: -1...1, neutral: 0) public private(set) var right: ClosedRange<Double>
    /// Downwards, as a share of the height, within -1 ... 1.
    @Field(within: -1...1, neutral: 0) public private(set) var down: ClosedRange<Double>
    /// What is read beyond the edges.
    @Field public private(set) var border: ImageBorder

    /// Creates the operation; the defaults change nothing.
    public init(right: ClosedRange<Double> = 0...0, down: ClosedRange<Double> = 0...0, border: ImageBorder = .zero) {
        self.right = right
        self.down = down
        self.border = border
        requireFields()
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit("right", &_right)
        visit("down", &_down)
        visit("border", &_border)
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

    /// Degrees by which vertical lines lean, to the right as one sees it, within -80 ... 80.
    @Field(within: -80...80, neutral: 0) public private(set) var horizontal: ClosedRange<Double>
    /// Degrees by which horizontal lines fall, to the right as one sees it, within -80 ... 80.
    @Field(within: -80...80, neutral: 0) public private(set) var vertical: ClosedRange<Double>
    /// What is read beyond the edges.
    @Field public private(set) var border: ImageBorder

    /// Creates the operation; the defaults change nothing. Where both are drawn, rows are sheared first.
    public init(
        horizontal: ClosedRange<Double> = 0...0, vertical: ClosedRange<Double> = 0...0, border: ImageBorder = .zero
    ) {
        self.horizontal = horizontal
        self.vertical = vertical
        self.border = border
        requireFields()
    }

    /// The wider of the two ranges.
    var largest: ClosedRange<Double> {
        func size(_ range: ClosedRange<Double>) -> Double { max(-range.lowerBound, range.upperBound) }
        return size(horizontal) > size(vertical) ? horizontal : vertical
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit("horizontal", &_horizontal)
        visit("vertical", &_vertical)
        visit("border", &_border)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let lean = stream.uniform(in: horizontal)
        let fall = tan(stream.uniform(in: vertical) * .pi / 180)
        view.append(.warp(.aboutCentre(of: extent, lean: lean, border: border)))
        // Back from output: y − fall · (x − centre).
        view.append(.warp(Warp(yx: -fall, y0: fall * Double(extent.width) / 2, border: border)))
    }
}
