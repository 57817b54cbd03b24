import Autograd
import TensorCore

/// Normalisation of each row of channels by its own mean and variance (Ba et al., arXiv 1607.06450): of each token
/// [N, T, C], or of each pixel [N, H, W, C].
public struct LayerNorm: Module {
    /// [C], from 1.
    public var scale: Parameter
    /// [C], from 0.
    public var shift: Parameter
    /// Added to the variance.
    public let epsilon: Float

    /// Creates a normalisation of a number of channels.
    public init(_ channels: Int, epsilon: Float = 1e-5) {
        scale = Parameter(.ones([channels]), role: .bias)
        shift = Parameter(.zeros([channels]), role: .bias)
        self.epsilon = epsilon
    }

    /// - Parameter input: [N, ..., C].
    public func callAsFunction(_ input: Variable) -> Variable {
        input.layerNormalized(scale: scale(on: input.tape), shift: shift(on: input.tape), epsilon: epsilon)
            .outputOfModule(with: scale.slot)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("scale", &scale)
        visitor("shift", &shift)
    }
}
