import Autograd
import TensorCore

/// Normalisation of groups of channels of each image (Wu and He, arXiv 1803.08494). It does not depend on the batch,
/// and is the same in training and in use.
public struct GroupNorm: Module {
    /// [C], from 1.
    public var scale: Parameter
    /// [C], from 0.
    public var shift: Parameter
    /// Channels that are normalised together. Pruning cuts whole groups and leaves their size.
    public let channelsInGroup: Int
    /// Added to the variance.
    public let epsilon: Float

    /// Creates a normalisation of a number of channels.
    ///
    /// - Parameters:
    ///   - channels: C.
    ///   - groups: a divisor of C; C itself for instance normalisation.
    public init(_ channels: Int, groups: Int, epsilon: Float = 1e-5) {
        require(
            groups > 0 && channels > 0 && channels % groups == 0,
            "GroupNorm: \(groups) groups of \(channels) channels, a divisor expected")
        scale = Parameter(.ones([channels]), role: .bias)
        shift = Parameter(.zeros([channels]), role: .bias)
        channelsInGroup = channels / groups
        self.epsilon = epsilon
    }

    /// - Parameter input: [N, ..., C].
    public func callAsFunction(_ input: Variable) -> Variable {
        input.groupNormalized(
            scale: scale(on: input.tape), shift: shift(on: input.tape), channelsInGroup: channelsInGroup,
            epsilon: epsilon
        ).outputOfModule(with: scale.slot)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("scale", &scale)
        visitor("shift", &shift)
    }
}
