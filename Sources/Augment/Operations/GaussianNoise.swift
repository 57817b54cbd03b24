/// Adds independent normally distributed numbers to every value of every channel; the sums are cut to the range of
/// pixels, as a sensor would.
public struct GaussianNoise: PixelOperation {
    public static let name = "gaussianNoise"
    public static let template = GaussianNoise(standardDeviation: 0)

    /// The deviation, of values in 0 ... 1.
    @Field("standardDeviation", within: 0...1, neutral: 0, required: true) public var standardDeviation: Double

    /// Creates the operation.
    public init(standardDeviation: Double) { self.standardDeviation = standardDeviation }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_standardDeviation) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.noise(deviation: standardDeviation, stream: stream))
    }
}
