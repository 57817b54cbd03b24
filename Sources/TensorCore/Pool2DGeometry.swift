/// Everything that is fixed about a 2-D pooling but its batch size.
///
/// Input [N, inputHeight, inputWidth, channels], output [N, outputHeight, outputWidth, channels]. Padding is never the
/// maximum of a window; an average divides by the window's full size or by the pixels inside the image.
public struct Pool2DGeometry: Hashable, Sendable {
    /// Extents of the input.
    public let inputHeight, inputWidth, channels: Int
    /// Extents of the window.
    public let windowHeight, windowWidth: Int
    /// Step between windows.
    public let strideHeight, strideWidth: Int
    /// Pixels added on each of the two sides, less than the window.
    public let paddingHeight, paddingWidth: Int
    /// Whether an average counts padding as zeros (PyTorch's `count_include_pad`).
    public let countsPadding: Bool
    /// Extents of the output.
    public let outputHeight, outputWidth: Int

    /// Validates the sizes and computes the output's; partial windows at the far edge are dropped.
    public init(
        input: (height: Int, width: Int, channels: Int), window: (height: Int, width: Int),
        stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), countsPadding: Bool = true
    ) {
        let stride = stride ?? (window.height, window.width)
        require(
            input.height > 0 && input.width > 0 && input.channels > 0,
            "Pool2DGeometry: input \(input), positive sizes expected")
        require(
            window.height > 0 && window.width > 0 && stride.0 > 0 && stride.1 > 0,
            "Pool2DGeometry: window \(window), stride \(stride), 1 or more expected")
        require(
            padding.0 >= 0 && padding.1 >= 0 && padding.0 < window.height && padding.1 < window.width,
            "Pool2DGeometry: padding \(padding) is not less than window \(window)")
        guard let paddedHeight = Int(input.height, plus: 2, times: padding.0),
            let paddedWidth = Int(input.width, plus: 2, times: padding.1),
            Shape(checking: [paddedHeight, paddedWidth, input.channels]) != nil
        else {
            fatalError("Pool2DGeometry: input \(input) with padding \(padding) has more than 2⁶³ elements")
        }
        require(
            paddedHeight >= window.height && paddedWidth >= window.width,
            "Pool2DGeometry: window \(window) is larger than padded input \(input)")
        (inputHeight, inputWidth, channels) = input
        (windowHeight, windowWidth) = window
        (strideHeight, strideWidth) = stride
        (paddingHeight, paddingWidth) = padding
        self.countsPadding = countsPadding
        outputHeight = (paddedHeight - window.height) / stride.0 + 1
        outputWidth = (paddedWidth - window.width) / stride.1 + 1
    }

    /// The input's shape at a batch size.
    public func inputShape(batch: Int) -> Shape { [batch, inputHeight, inputWidth, channels] }

    /// The output's shape at a batch size.
    public func outputShape(batch: Int) -> Shape { [batch, outputHeight, outputWidth, channels] }
}
