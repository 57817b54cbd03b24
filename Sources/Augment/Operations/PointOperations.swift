// Operations of this file change single values by themselves; neighbouring ones, brightness and gamma among them,
// become one table. They leave the fourth channel of four alone.

/// Turns values over: black becomes white. The fourth channel of four stays as it is.
public struct Invert: PixelOperation {
    public static let name = "invert"
    public static let template = Invert()

    /// Creates the operation; without `.probability` it is always done.
    public init() {}

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.tone(.linear(gain: -1, offset: 1)))
    }
}

/// Turns values above a threshold over, as film that saw far too much light; Pillow's `ImageOps.solarize` with a
/// threshold of t does so from byte t on, which is (t − 0.5) / 255 here. The fourth channel of four stays as it is.
public struct Solarise: PixelOperation {
    public static let name = "solarise"
    public static let template = Solarise(threshold: 1...1)

    /// The value above which values are turned over. At 1 none is.
    @Field("threshold", within: 0...1, neutral: 1, required: true) public var threshold: ClosedRange<Double>

    /// Creates the operation.
    public init(threshold: ClosedRange<Double>) { self.threshold = threshold }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_threshold) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.tone(.solarise(threshold: Float(stream.uniform(in: threshold)))))
    }
}

/// Keeps the highest bits of each byte and clears the others, as Pillow's `ImageOps.posterize`. The fourth channel of
/// four stays as it is.
public struct Posterise: PixelOperation {
    public static let name = "posterise"
    public static let template = Posterise(bits: 8...8)

    /// The number of bits that are kept, rounded to a whole number after the draw. 8 changes nothing.
    @Field("bits", within: 1...8, neutral: 8, required: true) public var bits: ClosedRange<Double>

    /// Creates the operation.
    public init(bits: ClosedRange<Double>) { self.bits = bits }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_bits) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        // Each whole number has an interval of length 1, cut to the range where the range ends in it.
        let drawn = stream.uniform(in: bits).rounded()
        view.append(.tone(.posterise(bits: Int(drawn))))
    }
}

/// Bends the tone curve: a cubic Bézier curve from black to white whose two inner points, a third and two thirds along,
/// move up or down, as in albumentations' `RandomToneCurve`, whose points stand at a quarter and three quarters and so
/// never give the straight line.
///
/// Amount 0 changes nothing; the curve never falls. The fourth channel of four stays as it is.
public struct ToneCurve: PixelOperation {
    public static let name = "toneCurve"
    public static let template = ToneCurve(amount: 0)

    /// The largest shift of each inner point, of values in 0 ... 1.
    @Field("amount", within: 0...0.33, neutral: 0, required: true) public var amount: Double

    /// Creates the operation.
    public init(amount: Double) { self.amount = amount }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_amount) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let low = Float(stream.uniform(in: -amount...amount))
        let high = Float(stream.uniform(in: -amount...amount))
        view.append(.tone(.curve(low: low, high: high)))
    }
}
