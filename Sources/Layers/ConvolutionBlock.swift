import Autograd
import TensorCore

/// Convolution without bias, batch normalisation, ReLU: the block that ConvNet and the residual network for small
/// images are built of.
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
        convolution(input, normalizedBy: normalization, residual: residual, then: relu ? ReLUOperation() : nil)
            .outputOfModule(with: convolution.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("convolution", &convolution)
        visitor("normalization", &normalization)
    }
}

/// Convolution without bias, batch normalisation, and an activation if there is one, with the names that torchvision's
/// block of that name has: `0` and `1`.
public struct ConvNormActivation: Module {
    /// The convolution.
    public var convolution: Conv2D
    /// The normalisation of its output.
    public var normalization: BatchNorm
    /// What follows; nil for nothing.
    public let activation: (any ElementwiseOperation)?

    /// Creates a block.
    ///
    /// - Parameters:
    ///   - inputChannels: C.
    ///   - outputChannels: C'.
    ///   - normalization: of C' channels; that of ``BatchNorm`` when omitted.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1,
        normalization: BatchNorm? = nil, activation: (any ElementwiseOperation)? = ReLUOperation(),
        using random: inout Philox
    ) {
        convolution = Conv2D(
            inputChannels, outputChannels, kernel: kernel, stride: stride, groups: groups, bias: false, using: &random)
        self.normalization = normalization ?? BatchNorm(outputChannels)
        self.activation = activation
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        convolution(input, normalizedBy: normalization, then: activation)
            .outputOfModule(with: convolution.weight.slot, below: 2)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("0", &convolution)
        visitor("1", &normalization)
    }
}

extension Conv2D {
    /// The convolution and what follows it in a block, in as few passes over the map as the tape allows.
    ///
    /// The path of its weight has two components beyond that of the block.
    ///
    /// - Parameters:
    ///   - input: [N, H, W, C].
    ///   - normalization: of the result.
    ///   - residual: shape of the result, added to what is normalised; nil for none.
    ///   - activation: the last step; nil for none.
    func callAsFunction(
        _ input: Variable, normalizedBy normalization: BatchNorm, residual: Variable? = nil,
        then activation: (any ElementwiseOperation)? = nil
    ) -> Variable {
        let (tape, relu) = (input.tape, activation is ReLUOperation)
        let fused =
            tape.wantsParts(ofModuleWith: weight.slot, below: 2)
            ? nil
            : input.convolved(
                with: weight(on: tape).value, bias: bias?(on: tape).value, geometry(for: input.shape),
                normalizedBy: normalization.coefficients(on: tape), residual: residual?.value, relu: relu)
        let output = fused ?? normalization(self(input), residual: residual, relu: relu)
        guard let activation, !relu else { return output }
        return output.applying(activation)
    }
}

/// The blocks of a stage: the first goes from the inputs' channels to the outputs' with the stride, the others keep
/// both.
///
/// - Parameters:
///   - inputs: channels of what comes in; those of the stage's result afterwards.
///   - block: makes a block from its input channels and its stride.
func stage<Block: Module>(
    of count: Int, from inputs: inout Int, to outputs: Int, stride: Int, block: (_ inputs: Int, _ stride: Int) -> Block
) -> [Block] {
    (0..<count).map { index in
        defer { inputs = outputs }
        return block(inputs, index == 0 ? stride : 1)
    }
}

extension ClampOperation {
    /// min(max(x, 0), 6), the activation of MobileNetV2 and of what came from it.
    static let relu6 = ClampOperation(lower: 0, upper: 6)
}

/// Widths of mobile networks.
enum MobileWidth {
    /// The multiple of 8 next to a number of channels times a factor, and not below nine tenths of it: how
    /// MobileNets round widths.
    static func scaled(_ channels: Int, by factor: Double) -> Int {
        let exact = Double(channels) * factor
        let rounded = max(8, Int(exact + 4) / 8 * 8)
        return Double(rounded) < 0.9 * exact ? rounded + 8 : rounded
    }
}
