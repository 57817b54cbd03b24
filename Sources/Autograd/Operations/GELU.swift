import TensorCore

/// x · Φ(x) with Φ the normal distribution, element by element (Hendrycks and Gimpel, arXiv 1606.08415).
public struct GELUOperation: VectorizedOperation {
    public static let name = "gelu"

    /// How the distribution is computed; the names are those of PyTorch and ONNX.
    public enum Approximation: String, Hashable, Sendable, Codable {
        /// By the error function: x/2 · (1 + erf(x/√2)).
        case none
        /// By the hyperbolic tangent: x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), up to 5 · 10⁻⁴ beside it.
        case tanh
    }

    /// How the distribution is computed.
    public let approximation: Approximation

    public init(approximation: Approximation = .none) { self.approximation = approximation }

    public var function: VectorFunction { approximation == .none ? .gelu : .tanhGELU }
}

extension Variable {
    /// x · Φ(x) with Φ the normal distribution, element by element (Hendrycks and Gimpel, arXiv 1606.08415).
    ///
    /// - Parameter approximation: how the distribution is computed.
    public func gelu(_ approximation: GELUOperation.Approximation = .none) -> Variable {
        applying(GELUOperation(approximation: approximation))
    }
}
