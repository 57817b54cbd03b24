import Foundation
import TensorCore

/// The error function, 2/√π ∫₀ˣ exp(−t²) dt, element by element.
public struct ErfOperation: ElementwiseOperation {
    public static let name = "erf"

    public init() {}

    public func value(at x: Float) -> Float { erff(x) }

    public func slope(at x: Float) -> Float { 2 / Float.pi.squareRoot() * expf(-x * x) }
}

extension Variable {
    /// The error function, 2/√π ∫₀ˣ exp(−t²) dt, element by element.
    public func erf() -> Variable { applying(ErfOperation()) }
}
