// Operations as a user outside the package writes them: only what is public is seen here.
import Augment
import Foundation

/// Affine: columns rise or fall by a slope.
struct Lean: PixelOperation {
    static let name = "lean"
    static let template = Lean(slope: 0)
    static let isGeometric = true

    /// The largest share of the height by which a column rises, either way.
    @Field("slope", within: 0...1, neutral: 0, required: true) var slope: Double
    @Field("border") var border: ImageBorder

    init(slope: Double, border: ImageBorder = .zero) {
        self.slope = slope
        self.border = border
    }

    mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_slope)
        visit(&_border)
    }

    var effects: [PixelEffect]? { [.shears(degrees: atan(slope) * 180 / .pi)] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let drawn = stream.uniform(in: -slope...slope)
        view.append(.warp(Warp(yx: drawn, y0: -drawn * Double(extent.width) / 2, border: border)))
    }
}

/// Affine as well, by the library's own map: small turns.
struct Tilt: PixelOperation {
    static let name = "tilt"
    static let template = Tilt(degrees: 0...0)
    static let isGeometric = true

    @Field("degrees", within: -90...90, neutral: 0, required: true) var degrees: ClosedRange<Double>

    init(degrees: ClosedRange<Double>) { self.degrees = degrees }

    mutating func visitFields(_ visit: FieldVisitor) { visit(&_degrees) }

    var effects: [PixelEffect]? { [.rotates(degrees: max(-degrees.lowerBound, degrees.upperBound))] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.warp(.aboutCentre(of: extent, degrees: stream.uniform(in: degrees), border: .zero)))
    }
}

/// A point operation: v² (3 − 2 v), blended with v, which is darker below the middle and brighter above it.
struct Smoothstep: PixelOperation {
    static let name = "smoothstep"
    static let template = Smoothstep()

    @Field("amount", within: 0...1, neutral: 0) var amount: ClosedRange<Double>

    init(amount: ClosedRange<Double> = 1...1) { self.amount = amount }

    mutating func visitFields(_ visit: FieldVisitor) { visit(&_amount) }

    var effects: [PixelEffect]? { [] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let share = Float(stream.uniform(in: amount))
        view.append(.values { value in value + share * (value * value * (3 - 2 * value) - value) })
    }
}

/// A general filter: every so many rows or columns are darker, from a random one on.
struct Scanlines: PixelOperation {
    enum Direction: String, CaseIterable, Sendable { case rows, columns }

    static let name = "scanlines"
    static let template = Scanlines(period: 2)

    @Field("period", within: 2...64, required: true) var period: Int
    @Field("depth", within: 0...1, neutral: 0) var depth: Double
    @Field("direction") var direction: Direction
    /// One for red, green and blue.
    @Field("tint", count: 3, within: 0...1) var tint: [Double]

    init(period: Int, depth: Double = 0.5, direction: Direction = .rows, tint: [Double] = [1, 1, 1]) {
        self.period = period
        self.depth = depth
        self.direction = direction
        self.tint = tint
    }

    mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_period)
        visit(&_depth)
        visit(&_direction)
        visit(&_tint)
    }

    var effects: [PixelEffect]? { [.covers(side: depth == 0 ? 0 : 1 / Double(period))] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let first = stream.random.index(below: period)
        let (period, depth, direction, tint) = (period, depth, direction, tint)
        view.append(
            .filter { bytes, extent in
                for place in bytes.indices {
                    let (pixel, channel) = (place / extent.channels, place % extent.channels)
                    let line = direction == .rows ? pixel / extent.width : pixel % extent.width
                    guard line % period == first else { continue }
                    let loss = depth * tint[min(channel, 2)]
                    bytes[place] = UInt8((Double(bytes[place]) * (1 - loss)).rounded())
                }
            })
    }
}

/// Moves each pixel by its own vector: things bulge away from the centre.
struct Bulge: PixelOperation {
    static let name = "bulge"
    static let template = Bulge(strength: 0)
    static let isGeometric = true

    @Field("strength", within: 0...0.5, neutral: 0, required: true) var strength: Double

    init(strength: Double) { self.strength = strength }

    mutating func visitFields(_ visit: FieldVisitor) { visit(&_strength) }

    var effects: [PixelEffect]? { [.deforms(share: strength)] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let drawn = stream.uniform(in: 0...strength)
        let (centreX, centreY) = (Double(extent.width) / 2, Double(extent.height) / 2)
        view.append(
            .displacement(border: .edge) { x, y in
                let (right, down) = ((x - centreX) / centreX, (y - centreY) / centreY)
                let factor = 1 - drawn * max(0, 1 - right * right - down * down)
                return (centreX + (x - centreX) * factor, centreY + (y - centreY) * factor)
            })
    }
}

/// One that says nothing about its effects, and is never registered.
struct Unsaid: PixelOperation {
    static let name = "unsaid"
    static let template = Unsaid()

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.color(ColorMatrix(red: [0, 1, 0, 0], green: [1, 0, 0, 0], blue: [0, 0, 1, 0])))
        view.append(.convolution([(-1, 0, 1), (0, 0, 2), (1, 0, 1)]))
        view.append(.fill(rows: 0..<1, columns: 0..<1_000_000, byte: 255))
    }
}

/// Wrong: a field that no file would keep.
struct Forgetful: PixelOperation {
    static let name = "forgetful"
    static let template = Forgetful()

    @Field("amount", within: 0...1) var amount: Double

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {}
}

/// Wrong: the name of another operation.
struct Impostor: PixelOperation {
    static let name = "fog"
    static let template = Impostor()

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {}
}
