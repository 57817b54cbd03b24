import Foundation

// Operations of this file are a matrix on (r, g, b); neighbouring ones become one. They do nothing to images of one
// channel, and leave the fourth channel of four alone.

/// Makes colours stronger or paler: out = luma + factor · (in − luma), with the luma of ITU-R BT.601, as Pillow's
/// `ImageEnhance.Color`.
///
/// Images of one channel and the fourth channel of four stay as they are.
public struct Saturation: PixelOperation {
    public static let name = "saturation"
    public static let template = Saturation(1...1)

    /// The factor. 0 is grey, 1 changes nothing.
    @Field("factor", within: 0...10, neutral: 1, required: true) public var factor: ClosedRange<Double>

    /// Creates the operation.
    public init(_ factor: ClosedRange<Double>) { self.factor = factor }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_factor) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let factor = stream.uniform(in: factor)
        if extent.hasColour { view.append(.color(.saturation(factor))) }
    }
}

/// Turns hues around the axis of greys, by an angle in the chroma plane of YIQ (ITU-R BT.470's I and Q): luma and the
/// amount of chroma stay, as in the `hue-rotate` filter of the W3C, whose luma has other weights.
///
/// Peers turn the H of HSV, which keeps neither. Images of one channel and the fourth channel of four stay as they are.
public struct Hue: PixelOperation {
    public static let name = "hue"
    public static let template = Hue(0...0)

    /// The angle in degrees, positive from red to green.
    @Field("degrees", within: -180...180, neutral: 0, required: true) public var degrees: ClosedRange<Double>

    /// Creates the operation.
    public init(_ degrees: ClosedRange<Double>) { self.degrees = degrees }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_degrees) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let degrees = stream.uniform(in: degrees)
        if extent.hasColour { view.append(.color(Self.matrix(degrees: degrees))) }
    }

    /// From (r, g, b) to (y, i, q), turned, and back.
    static func matrix(degrees: Double) -> ColorMatrix {
        let (c, s) = (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
        let toY = SIMD4(ColorMatrix.luma, 0)
        let toI = SIMD4(0.595716, -0.274453, -0.321263, 0)
        let toQ = SIMD4(0.211456, -0.522591, 0.311135, 0)
        // (i, q) of green lies clockwise of that of red.
        let (turnedI, turnedQ) = (c * toI + s * toQ, c * toQ - s * toI)
        // The inverse has the columns I × Q, Q × Y and Y × I over Y · (I × Q). As I and Q sum to zero, the first is 1.
        let determinant = toI.x * toQ.y - toI.y * toQ.x
        func row(_ channel: Int) -> SIMD4<Double> {
            // Cramer's rule for the channel's share of I and Q.
            let (a, b) = ((channel + 1) % 3, (channel + 2) % 3)
            let ofI = (toY[b] * toQ[a] - toY[a] * toQ[b]) / determinant
            let ofQ = (toY[a] * toI[b] - toY[b] * toI[a]) / determinant
            return toY + ofI * turnedI + ofQ * turnedQ
        }
        return ColorMatrix(red: row(0), green: row(1), blue: row(2))
    }
}

/// Takes colour away: mixes each pixel with its luma (ITU-R BT.601).
///
/// `Grey().probability(0.2)` is the peers' random greyscale. Images of one channel and the fourth channel of four stay
/// as they are.
public struct Grey: PixelOperation {
    public static let name = "grey"
    public static let template = Grey()

    /// The share of the colour that is taken away. 1 leaves none.
    @Field("amount", within: 0...1, neutral: 0) public var amount: ClosedRange<Double>

    /// Creates the operation.
    public init(amount: ClosedRange<Double> = 1...1) { self.amount = amount }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_amount) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let amount = stream.uniform(in: amount)
        if extent.hasColour { view.append(.color(.saturation(1 - amount))) }
    }
}

/// Permutes red, green and blue, each of the six orders equally likely, also that which changes nothing.
///
/// Images of one channel and the fourth channel of four stay as they are. For feature maps there is ``ChannelShuffle``.
public struct ChannelPermutation: PixelOperation {
    public static let name = "channelPermutation"
    public static let template = ChannelPermutation()

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let order = stream.random.permutation(of: 3)
        guard extent.hasColour else { return }
        let rows = order.map { source in
            var row = SIMD4<Double>()
            row[source] = 1
            return row
        }
        view.append(.color(ColorMatrix(red: rows[0], green: rows[1], blue: rows[2])))
    }
}
