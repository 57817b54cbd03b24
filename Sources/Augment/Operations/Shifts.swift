import Foundation

/// Shifts by drawn shares of the sides, each side by its own range: what ``Affine``, whose shifts go all ways alike, does
/// not say, and policies from tables need.
public struct Translate: AugmentationOperation {
    static let name = "translate"
    static let isGeometric = true
    static let template = Translate()
    static let fields: [OperationField<Translate>] = [
        .range("right", \.right, within: -1...1, neutral: 0), .range("down", \.down, within: -1...1, neutral: 0),
        .choice("border", \.border),
    ]

    /// To the right, as a share of the width, within -1 ... 1.
    public private(set) var right: ClosedRange<Double>
    /// Downwards, as a share of the height, within -1 ... 1.
    public private(set) var down: ClosedRange<Double>
    /// What is read beyond the edges.
    public private(set) var border: ImageBorder

    /// Creates the operation; the defaults change nothing.
    public init(right: ClosedRange<Double> = 0...0, down: ClosedRange<Double> = 0...0, border: ImageBorder = .zero) {
        self.right = right
        self.down = down
        self.border = border
        requireFields()
    }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        let x = stream.uniform(in: right) * Double(extent.width)
        let y = stream.uniform(in: down) * Double(extent.height)
        view.append(.warp(Warp(x0: -x, y0: -y, border: border)))
    }
}

/// Shears along rows or columns, about the centre: ``Affine`` shears along rows alone.
public struct Shear: AugmentationOperation {
    static let name = "shear"
    static let isGeometric = true
    static let template = Shear()
    static let fields: [OperationField<Shear>] = [
        .range("horizontal", \.horizontal, within: -80...80, neutral: 0),
        .range("vertical", \.vertical, within: -80...80, neutral: 0), .choice("border", \.border),
    ]

    /// Degrees by which vertical lines lean, to the right as one sees it, within -80 ... 80.
    public private(set) var horizontal: ClosedRange<Double>
    /// Degrees by which horizontal lines fall, to the right as one sees it, within -80 ... 80.
    public private(set) var vertical: ClosedRange<Double>
    /// What is read beyond the edges.
    public private(set) var border: ImageBorder

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

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        let lean = stream.uniform(in: horizontal)
        let fall = tan(stream.uniform(in: vertical) * .pi / 180)
        view.append(.warp(Affine.warp(extent, degrees: 0, lean: lean, border: border)))
        // Back from output: y − fall · (x − centre).
        view.append(.warp(Warp(yx: -fall, y0: fall * Double(extent.width) / 2, border: border)))
    }
}
