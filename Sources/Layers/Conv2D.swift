import Autograd
import TensorCore

/// A 2-D convolution: [N, H, W, C] to [N, H', W', C'].
///
/// Its sizes are those of its weights; height and width of the input are free.
public struct Conv2D: Module {
    /// [kernel height, kernel width, C / groups, C'].
    public var weight: Parameter
    /// [C'], or nil where a normalisation follows.
    public var bias: Parameter?
    /// Step between output pixels, in both directions.
    public let stride: Int
    /// Zero pixels added on each side.
    public let padding: Int
    /// Distance between kernel taps.
    public let dilation: Int
    /// Blocks of channels that do not mix. Depthwise, with one input channel a block, there are as many as the input
    /// has channels, so that the layer can be pruned.
    public let groups: Int

    /// Creates a convolution with He-normal weights and a zero bias.
    ///
    /// - Parameters:
    ///   - inputChannels: C.
    ///   - outputChannels: C'.
    ///   - kernel: side of the square kernel.
    ///   - padding: keeps height and width at stride 1 when omitted (odd kernels).
    ///   - random: where the weights are drawn from.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int? = nil,
        dilation: Int = 1, groups: Int = 1, bias: Bool = true, using random: inout Philox
    ) {
        require(
            groups > 0 && inputChannels % groups == 0 && outputChannels % groups == 0,
            "Conv2D: \(groups) groups do not divide \(inputChannels) input and \(outputChannels) output channels")
        let channels = inputChannels / groups
        weight = Parameter(
            Initialization.he(
                [kernel, kernel, channels, outputChannels], fanIn: kernel * kernel * channels, using: &random))
        self.bias = bias ? Parameter(.zeros([outputChannels]), role: .bias) : nil
        self.stride = stride
        self.padding = padding ?? dilation * (kernel - 1) / 2
        self.dilation = dilation
        self.groups = groups
    }

    /// - Parameter input: [N, H, W, C].
    public func callAsFunction(_ input: Variable) -> Variable {
        input.convolved(with: weight(on: input.tape), bias: bias?(on: input.tape), geometry(for: input.shape))
            .outputOfModule(with: weight.slot)
    }

    /// The sizes for a batch [N, H, W, C].
    func geometry(for batch: Shape) -> Conv2DGeometry {
        let (_, h, w, c) = batch.nhwc(for: "Conv2D")
        let sizes = weight.value.shape
        let isDepthwise = groups > 1 && sizes[2] == 1
        return Conv2DGeometry(
            input: (h, w, c), kernel: (sizes[0], sizes[1]), outputChannels: sizes[3], stride: (stride, stride),
            padding: (padding, padding), dilation: (dilation, dilation), groups: isDepthwise ? c : groups)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
    }
}
