import TensorCore

/// Every element brought into a range; the gradient passes where it was within.
public struct ClampOperation: ElementwiseOperation {
    public static let name = "clamp"

    /// The bounds, finite numbers; nil for none.
    public let lower, upper: Float?

    public init(lower: Float?, upper: Float?) { (self.lower, self.upper) = (lower, upper) }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        let bounds = [lower, upper].compactMap(\.self)
        guard bounds.allSatisfy(\.isFinite), bounds.count < 2 || bounds[0] <= bounds[1] else {
            throw OperationError(
                found: "bounds \(bounds.map { "\($0)" }.joined(separator: " and "))",
                expected: "finite numbers, the lower one first")
        }
        return operands[0]
    }

    // Comparisons with NaN are false, so that it stays.
    public func value(at x: Float) -> Float {
        if let lower, x < lower { return lower }
        if let upper, x > upper { return upper }
        return x
    }

    public func slope(at x: Float) -> Float { value(at: x) == x ? 1 : 0 }
}

extension Variable {
    /// Every element brought into a range; the gradient passes where it was within.
    ///
    /// - Parameters:
    ///   - lower: the least value of the result; nil for none.
    ///   - upper: the greatest.
    public func clamped(from lower: Float? = nil, to upper: Float? = nil) -> Variable {
        applying(ClampOperation(lower: lower, upper: upper))
    }
}
