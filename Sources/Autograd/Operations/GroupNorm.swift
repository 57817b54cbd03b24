import TensorCore

/// Normalisation of groups of channels of each image (Wu and He, arXiv 1803.08494). Operands: x [N, ..., C], scale [C],
/// shift [C].
public struct GroupNormOperation: GraphOperation {
    public static let name = "groupNorm"

    /// A divisor of C; 1 normalises each channel by itself (instance normalisation). It is the size that is kept, and
    /// not the number of groups: the groups that pruning leaves stay what they are.
    public let channelsInGroup: Int
    /// Added to the variance, a positive number.
    public let epsilon: Float

    public init(channelsInGroup: Int, epsilon: Float = 1e-5) {
        (self.channelsInGroup, self.epsilon) = (channelsInGroup, epsilon)
    }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(3...3, for: label)
        guard epsilon > 0, epsilon.isFinite, channelsInGroup > 0, operands[0].rank >= 2,
            let channels = operands[0].last, channels % channelsInGroup == 0, operands[1] == [channels],
            operands[2] == [channels]
        else {
            throw OperationError(
                found: "epsilon \(epsilon), groups of \(channelsInGroup) channels, scale \(operands[1]) and shift "
                    + "\(operands[2]) for \(operands[0])",
                expected: "a positive number, a divisor of its channels, and two vectors of them")
        }
        return operands[0]
    }

    public func forward(_ operands: [Tensor]) -> Tensor {
        groupNorm(
            operands[0], scale: operands[1], shift: operands[2], channelsInGroup: channelsInGroup, epsilon: epsilon)
    }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (x, scale, channelsInGroup, epsilon) = (operands[0].value, operands[1].value, channelsInGroup, epsilon)
        return operands[0].tape.record(AnyOperation(self), forward(operands.map(\.value)), from: operands) {
            let gradients = groupNormGradient(
                $0, x: x, scale: scale, channelsInGroup: channelsInGroup, epsilon: epsilon)
            return [gradients.x, gradients.scale, gradients.shift]
        }
    }

    public func role(ofOperand place: Int, shape: Shape) -> TensorRole { .bias }

    public func work(of operands: [Shape]) -> Double { 8 * Double(operands[0].elementCount) }
}

extension Variable {
    /// Normalisation of groups of channels of each image (Wu and He, arXiv 1803.08494).
    ///
    /// - Parameters:
    ///   - scale: [C]; self has shape [N, ..., C].
    ///   - shift: [C].
    ///   - channelsInGroup: a divisor of C; 1 normalises each channel by itself (instance normalisation).
    ///   - epsilon: added to the variance.
    public func groupNormalized(
        scale: Variable, shift: Variable, channelsInGroup: Int, epsilon: Float = 1e-5
    ) -> Variable {
        GroupNormOperation(channelsInGroup: channelsInGroup, epsilon: epsilon).record([self, scale, shift])
    }
}
