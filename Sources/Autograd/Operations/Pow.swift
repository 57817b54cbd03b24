import Foundation
import TensorCore

/// Every element to a constant power; NaN of negative numbers unless the exponent is whole.
public struct PowOperation: ElementwiseOperation {
    public static let name = "pow"

    /// The exponent, a finite number.
    public let exponent: Float

    public init(exponent: Float) { self.exponent = exponent }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        guard exponent.isFinite else {
            throw OperationError(found: "an exponent of \(exponent)", expected: "a finite number")
        }
        return operands[0]
    }

    public func value(at x: Float) -> Float { powf(x, exponent) }

    // x⁰ is 1 everywhere, also where x⁻¹ is infinite.
    public func slope(at x: Float) -> Float { exponent == 0 ? 0 : exponent * powf(x, exponent - 1) }
}

extension Variable {
    /// Every element to a constant power; NaN of negative numbers unless the exponent is whole.
    public func pow(_ exponent: Float) -> Variable { applying(PowOperation(exponent: exponent)) }
}
