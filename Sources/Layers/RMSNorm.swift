import Autograd
import TensorCore

/// Each row of channels divided by its root mean square (Zhang and Sennrich, arXiv 1910.07467).
public struct RMSNorm: Module {
    /// [C], from 1.
    public var scale: Parameter
    /// Added to the mean square.
    public let epsilon: Float

    /// Creates a normalisation of a number of channels.
    public init(_ channels: Int, epsilon: Float = 1e-6) {
        scale = Parameter(.ones([channels]), role: .bias)
        self.epsilon = epsilon
    }

    /// - Parameter input: [N, ..., C].
    public func callAsFunction(_ input: Variable) -> Variable {
        input.rmsNormalized(scale: scale(on: input.tape), epsilon: epsilon).outputOfModule(with: scale.slot)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("scale", &scale) }
}
