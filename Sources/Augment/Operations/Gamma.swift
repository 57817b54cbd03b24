import Foundation

/// Raises values in 0 ... 1 to a power: above 1 darkens, below 1 brightens, black and white stay.
public struct Gamma: PixelOperation {
    public static let name = "gamma"
    public static let template = Gamma(1...1)

    /// Exponents, within 0.05 ... 20. Drawn evenly by their logarithm, so that 0.5 and 2 are equally likely of 0.5 ... 2.
    @Field(within: 0.05...20, neutral: 1, required: true) public private(set) var exponent: ClosedRange<Double>

    /// Creates the operation.
    public init(_ exponent: ClosedRange<Double>) {
        self.exponent = exponent
        requireFields()
    }

    public mutating func visitFields(_ visit: FieldVisitor) { visit("exponent", &_exponent) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.tone(.power(Float(exp(stream.uniform(in: log(exponent.lowerBound)...log(exponent.upperBound)))))))
    }
}
