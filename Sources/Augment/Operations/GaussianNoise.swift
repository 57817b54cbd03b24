/// Adds independent normally distributed numbers to every value of every channel; the sums are cut to the range of
/// pixels, as a sensor would.
public struct GaussianNoise: AugmentationOperation {
    static let name = "gaussianNoise"
    static let template = GaussianNoise(standardDeviation: 0)
    static let fields: [OperationField<GaussianNoise>] = [
        .number("standardDeviation", \.standardDeviation, within: 0...1, neutral: 0, required: true)
    ]

    /// Of pixel values in 0 ... 1; within 0 ... 1.
    public private(set) var standardDeviation: Double

    /// Creates the operation.
    public init(standardDeviation: Double) {
        self.standardDeviation = standardDeviation
        requireFields()
    }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        view.append(.noise(deviation: standardDeviation, stream: stream))
    }
}
