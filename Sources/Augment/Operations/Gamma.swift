import Foundation

/// Raises values in 0 ... 1 to a power: above 1 darkens, below 1 brightens, black and white stay.
public struct Gamma: PixelOperation {
    public static let name = "gamma"
    public static let template = Gamma(1...1)

    /// The exponent. It is drawn evenly by its logarithm, so that 0.5 and 2 are equally likely of 0.5 ... 2.
    @Field("exponent", within: 0.05...20, neutral: 1, required: true) public var exponent: ClosedRange<Double>

    /// Creates the operation.
    public init(_ exponent: ClosedRange<Double>) { self.exponent = exponent }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_exponent) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.tone(.power(Float(exp(stream.uniform(in: log(exponent.lowerBound)...log(exponent.upperBound)))))))
    }
}
