import Foundation
import TensorCore

/// The natural logarithm, element by element; −∞ of 0 and NaN of negative numbers.
public struct LogOperation: ElementwiseOperation {
    public static let name = "log"

    public init() {}

    public func value(at x: Float) -> Float { logf(x) }

    public func slope(at x: Float) -> Float { 1 / x }
}

extension Variable {
    /// The natural logarithm, element by element; −∞ of 0 and NaN of negative numbers.
    public func log() -> Variable { applying(LogOperation()) }
}
