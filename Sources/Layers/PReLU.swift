import Autograd
import TensorCore

/// x for positive numbers, slope · x for others, with a learnt slope for each channel or one for all (He et al., arXiv
/// 1502.01852).
public struct PReLU: Module {
    /// [C], or [1] for one that all channels share.
    public var slope: Parameter

    /// Creates a layer.
    ///
    /// - Parameters:
    ///   - channels: C, or 1 for one slope that all channels share.
    ///   - initial: where the slopes begin.
    public init(_ channels: Int = 1, initial: Float = 0.25) {
        slope = Parameter(Tensor(repeating: initial, shape: [channels]), role: .bias)
    }

    /// - Parameter input: [..., C].
    public func callAsFunction(_ input: Variable) -> Variable {
        input.prelu(slope: slope(on: input.tape)).outputOfModule(with: slope.slot)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("slope", &slope) }
}
