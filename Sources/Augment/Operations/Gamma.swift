import Foundation

/// Raises values in 0 ... 1 to a power: above 1 darkens, below 1 brightens, black and white stay.
public struct Gamma: AugmentationOperation {
    static let name = "gamma"
    static let template = Gamma(1...1)
    static let fields: [OperationField<Gamma>] = [
        .range("exponent", \.exponent, within: 0.05...20, neutral: 1, required: true)
    ]

    /// Exponents, within 0.05 ... 20. Drawn evenly by their logarithm, so that 0.5 and 2 are equally likely of 0.5 ... 2.
    public private(set) var exponent: ClosedRange<Double>

    /// Creates the operation.
    public init(_ exponent: ClosedRange<Double>) {
        self.exponent = exponent
        requireFields()
    }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        view.append(.tone(.power(Float(exp(stream.uniform(in: log(exponent.lowerBound)...log(exponent.upperBound)))))))
    }
}
