/// Everything that is fixed about a 2-D convolution but its batch size, computed and validated once.
///
/// Input [N, inputHeight, inputWidth, inputChannels]; weights [kernelHeight, kernelWidth, inputChannels / groups,
/// outputChannels]; output [N, outputHeight, outputWidth, outputChannels]. Output channel o reads input channels of
/// group o / (outputChannels / groups).
public struct Conv2DGeometry: Hashable, Sendable {
    /// Extents of the input.
    public let inputHeight, inputWidth, inputChannels: Int
    /// Extents of the kernel, in taps.
    public let kernelHeight, kernelWidth: Int
    /// Channels of the output.
    public let outputChannels: Int
    /// Step between output pixels in input pixels, (vertical, horizontal).
    public let strideHeight, strideWidth: Int
    /// Zero pixels added on each side.
    public let padding: Padding2D
    /// Distance between kernel taps in input pixels.
    public let dilationHeight, dilationWidth: Int
    /// Blocks of channels that do not mix; equal to both channel counts for a depthwise convolution.
    public let groups: Int
    /// Extents of the output.
    public let outputHeight, outputWidth: Int

    /// Validates the sizes and computes the output's: the padded image, the weights and the multiply-adds are
    /// countable.
    ///
    /// - Parameters:
    ///   - input: (height, width, channels).
    ///   - kernel: (height, width).
    ///   - stride: (vertical, horizontal), 1 or more.
    ///   - padding: zero pixels on each of the four sides, 0 or more.
    ///   - dilation: distance between taps, 1 or more.
    ///   - groups: divides both channel counts.
    public init(
        input: (height: Int, width: Int, channels: Int), kernel: (height: Int, width: Int), outputChannels: Int,
        stride: (Int, Int) = (1, 1), padding: Padding2D, dilation: (Int, Int) = (1, 1), groups: Int = 1
    ) {
        require(
            input.height > 0 && input.width > 0 && input.channels > 0 && outputChannels > 0,
            "Conv2DGeometry: input \(input) to \(outputChannels) channels, positive sizes expected")
        require(kernel.height > 0 && kernel.width > 0, "Conv2DGeometry: kernel \(kernel), 1×1 or larger expected")
        require(
            stride.0 > 0 && stride.1 > 0 && dilation.0 > 0 && dilation.1 > 0 && padding.sides.allSatisfy { $0 >= 0 },
            "Conv2DGeometry: stride \(stride), dilation \(dilation) (1 or more), padding \(padding) (0 or more)")
        require(
            groups > 0 && input.channels % groups == 0 && outputChannels % groups == 0,
            "Conv2DGeometry: \(groups) groups do not divide \(input.channels) input and \(outputChannels) output channels"
        )
        (inputHeight, inputWidth, inputChannels) = input
        (kernelHeight, kernelWidth) = kernel
        self.outputChannels = outputChannels
        (strideHeight, strideWidth) = stride
        self.padding = padding
        (dilationHeight, dilationWidth) = dilation
        self.groups = groups
        guard let paddedHeight = Int(input.height, plus: padding.top, and: padding.bottom),
            let paddedWidth = Int(input.width, plus: padding.left, and: padding.right),
            let spanHeight = Int(1, plus: kernel.height - 1, times: dilation.0),
            let spanWidth = Int(1, plus: kernel.width - 1, times: dilation.1),
            Shape(checking: [paddedHeight, paddedWidth, input.channels]) != nil
        else {
            fatalError(
                "Conv2DGeometry: input \(input) with padding \(padding), or kernel \(kernel) with dilation \(dilation), "
                    + "has more than 2⁶³ elements")
        }
        require(
            paddedHeight >= spanHeight && paddedWidth >= spanWidth,
            "Conv2DGeometry: kernel spans \(spanHeight)×\(spanWidth), padded input is only "
                + "\(paddedHeight)×\(paddedWidth)")
        outputHeight = (paddedHeight - spanHeight) / stride.0 + 1
        outputWidth = (paddedWidth - spanWidth) / stride.1 + 1
        let work = [outputHeight, outputWidth, outputChannels, kernel.height, kernel.width, input.channels / groups]
        require(
            Shape(checking: work) != nil,
            "Conv2DGeometry: input \(input), kernel \(kernel), \(outputChannels) output channels: more than 2⁶³ multiply-adds"
        )
    }

    /// The same with padding whose opposite sides are equal, (vertical, horizontal).
    public init(
        input: (height: Int, width: Int, channels: Int), kernel: (height: Int, width: Int), outputChannels: Int,
        stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
    ) {
        self.init(
            input: input, kernel: kernel, outputChannels: outputChannels, stride: stride,
            padding: Padding2D(padding.0, padding.1), dilation: dilation, groups: groups)
    }

    /// Pixels of one output image.
    public var outputPixels: Int { outputHeight * outputWidth }

    /// Elements that one output pixel of one group reads: a row of the im2col matrix.
    public var patchLength: Int { kernelHeight * kernelWidth * (inputChannels / groups) }

    /// The shape of the weights.
    public var weightShape: Shape { [kernelHeight, kernelWidth, inputChannels / groups, outputChannels] }

    /// The input's shape at a batch size.
    public func inputShape(batch: Int) -> Shape { [batch, inputHeight, inputWidth, inputChannels] }

    /// The output's shape at a batch size.
    public func outputShape(batch: Int) -> Shape { [batch, outputHeight, outputWidth, outputChannels] }

    /// Multiply-adds for one image.
    public var multiplyAdds: Int { outputPixels * outputChannels * patchLength }
}

extension Int {
    /// start + count · factor, none of them negative; nil if no Int holds it.
    init?(_ start: Int, plus count: Int, times factor: Int) {
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        let (sum, carry) = start.addingReportingOverflow(product)
        guard !overflow, !carry else { return nil }
        self = sum
    }

    /// extent + before + after, none of them negative; nil if no Int holds it.
    init?(_ extent: Int, plus before: Int, and after: Int) {
        guard let sum = Int(extent, plus: before, times: 1) else { return nil }
        self.init(sum, plus: after, times: 1)
    }
}
