import TensorCore

/// The error function, 2/√π ∫₀ˣ exp(−t²) dt, element by element.
public struct ErfOperation: VectorizedOperation {
    public static let name = "erf"

    public init() {}

    public var function: VectorFunction { .erf }
}

extension Variable {
    /// The error function, 2/√π ∫₀ˣ exp(−t²) dt, element by element.
    public func erf() -> Variable { applying(ErfOperation()) }
}
