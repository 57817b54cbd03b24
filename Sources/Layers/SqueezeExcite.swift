import Autograd
import TensorCore

/// A factor for each channel from what all of them are on average (Hu et al., arXiv 1709.01507): [N, H, W, C] to the
/// same.
public struct SqueezeExcite: Module {
    /// From C channels to fewer.
    public var fc1: Conv2D
    /// Back to C.
    public var fc2: Conv2D
    /// Between the two layers.
    public let activation: any ElementwiseOperation
    /// From the second layer to the factors.
    public let gate: any ElementwiseOperation

    /// Creates a layer.
    ///
    /// - Parameters:
    ///   - channels: C.
    ///   - squeezed: channels between the two layers.
    ///   - activation: between the two layers.
    ///   - gate: gives the factors; MobileNetV3 takes a hard sigmoid.
    public init(
        _ channels: Int, squeezed: Int, activation: any ElementwiseOperation = ReLUOperation(),
        gate: any ElementwiseOperation = SigmoidOperation(), using random: inout Philox
    ) {
        fc1 = Conv2D(channels, squeezed, kernel: 1, using: &random)
        fc2 = Conv2D(squeezed, channels, kernel: 1, using: &random)
        (self.activation, self.gate) = (activation, gate)
    }

    /// - Parameter input: [N, H, W, C].
    public func callAsFunction(_ input: Variable) -> Variable {
        let (_, h, w, c) = input.shape.nhwc(for: "SqueezeExcite")
        // A window of the whole map keeps the axes, [N, 1, 1, C].
        let mean = input.averagePooled(Pool2DGeometry(input: (h, w, c), window: (h, w)))
        let factors = fc2(fc1(mean).applying(activation)).applying(gate)
        return (input * factors).outputOfModule(with: fc1.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("fc1", &fc1)
        visitor("fc2", &fc2)
    }
}
