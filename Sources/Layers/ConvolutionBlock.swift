import Autograd
import TensorCore

/// Convolution without bias, batch normalisation, ReLU: the block that both families of networks are built of.
public struct ConvolutionBlock: Module {
    /// The convolution.
    public var convolution: Conv2D
    /// The normalisation of its output.
    public var normalization: BatchNorm

    /// Creates a block.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int = 3, stride: Int = 1, using random: inout Philox
    ) {
        convolution = Conv2D(inputChannels, outputChannels, kernel: kernel, stride: stride, bias: false, using: &random)
        normalization = BatchNorm(outputChannels)
    }

    /// Channels of its result.
    var outputChannels: Int { normalization.scale.value.count }

    public func callAsFunction(_ input: Variable) -> Variable { self(input, residual: nil, relu: true) }

    /// The block with a residual added before the ReLU, or without the ReLU.
    public func callAsFunction(_ input: Variable, residual: Variable? = nil, relu: Bool) -> Variable {
        let tape = input.tape
        let fused =
            tape.wantsParts(ofModuleWith: convolution.weight.slot, below: 2)
            ? nil
            : input.convolved(
                with: convolution.weight(on: tape).value, bias: convolution.bias?(on: tape).value,
                convolution.geometry(for: input.shape), normalizedBy: normalization.coefficients(on: tape),
                residual: residual?.value, relu: relu)
        return (fused ?? normalization(convolution(input), residual: residual, relu: relu))
            .outputOfModule(with: convolution.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("convolution", &convolution)
        visitor("normalization", &normalization)
    }
}
