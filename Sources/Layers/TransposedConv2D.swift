import Autograd
import TensorCore

/// A transposed 2-D convolution, which widens maps by its stride: [N, H, W, C] to [N, H', W', C'] (PyTorch's
/// `ConvTranspose2d`).
public struct TransposedConv2D: Module {
    /// [kernel height, kernel width, C' / groups, C].
    public var weight: Parameter
    /// [C'], or nil where a normalisation follows.
    public var bias: Parameter?
    /// Stride, padding, dilation, groups and output padding.
    public let operation: TransposedConvolution2DOperation

    /// Creates a transposed convolution with He-normal weights and a zero bias.
    ///
    /// - Parameters:
    ///   - inputChannels: C.
    ///   - outputChannels: C'.
    ///   - kernel: side of the square kernel.
    ///   - stride: by which height and width grow.
    ///   - padding: pixels cut from each side of the output.
    ///   - outputPadding: pixels added below and at the right, fewer than the stride.
    ///   - dilation: distance between kernel taps in output pixels.
    ///   - groups: blocks of channels that do not mix.
    ///   - random: where the weights are drawn from.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true, using random: inout Philox
    ) {
        require(
            groups > 0 && inputChannels % groups == 0 && outputChannels % groups == 0,
            "TransposedConv2D: \(groups) groups do not divide \(inputChannels) input and \(outputChannels) output channels"
        )
        require(
            stride > 0 && (0..<stride).contains(outputPadding),
            "TransposedConv2D: output padding \(outputPadding), less than the stride \(stride) expected")
        // One in stride² of the taps reaches an output pixel.
        let fanIn = max(1, kernel * kernel * inputChannels / groups / (stride * stride))
        weight = Parameter(
            Initialization.he([kernel, kernel, outputChannels / groups, inputChannels], fanIn: fanIn, using: &random))
        self.bias = bias ? Parameter(.zeros([outputChannels]), role: .bias) : nil
        operation = TransposedConvolution2DOperation(
            stride: (stride, stride), padding: Padding2D(padding, padding), dilation: (dilation, dilation),
            groups: groups, outputPadding: (outputPadding, outputPadding))
    }

    /// - Parameter input: [N, H, W, C].
    public func callAsFunction(_ input: Variable) -> Variable {
        input.transposedConvolved(with: weight(on: input.tape), bias: bias?(on: input.tape), operation)
            .outputOfModule(with: weight.slot)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
    }
}
