/// Everything that is fixed about a 2-D pooling but its batch size.
///
/// Input [N, inputHeight, inputWidth, channels], output [N, outputHeight, outputWidth, channels]. Padding is never the
/// maximum of a window; an average divides by the window's pixels inside the image or inside the padded image.
public struct Pool2DGeometry: Hashable, Sendable {
    /// Extents of the input.
    public let inputHeight, inputWidth, channels: Int
    /// Extents of the window, in taps.
    public let windowHeight, windowWidth: Int
    /// Step between windows.
    public let strideHeight, strideWidth: Int
    /// Pixels added on each side, less than the window spans.
    public let padding: Padding2D
    /// Distance between taps in input pixels.
    public let dilationHeight, dilationWidth: Int
    /// Whether a last window that reaches beyond the padded image counts too, if it begins in the image or the padding
    /// before it (PyTorch's and ONNX's `ceil_mode`).
    public let ceilMode: Bool
    /// Whether an average counts padding as zeros (PyTorch's `count_include_pad`). What a last window lacks in ceil
    /// mode is no padding, and never counts.
    public let countsPadding: Bool
    /// Extents of the output.
    public let outputHeight, outputWidth: Int

    /// Validates the sizes and computes the output's; partial windows at the far edge are dropped unless in ceil mode.
    ///
    /// - Parameters:
    ///   - stride: the window's extents when omitted.
    ///   - padding: less than the window spans on each side.
    ///   - dilation: distance between taps; each window has a tap in the image.
    public init(
        input: (height: Int, width: Int, channels: Int), window: (height: Int, width: Int),
        stride: (Int, Int)? = nil, padding: Padding2D, dilation: (Int, Int) = (1, 1), ceilMode: Bool = false,
        countsPadding: Bool = true
    ) {
        let stride = stride ?? (window.height, window.width)
        require(
            input.height > 0 && input.width > 0 && input.channels > 0,
            "Pool2DGeometry: input \(input), positive sizes expected")
        require(
            window.height > 0 && window.width > 0 && stride.0 > 0 && stride.1 > 0 && dilation.0 > 0 && dilation.1 > 0,
            "Pool2DGeometry: window \(window), stride \(stride), dilation \(dilation), 1 or more expected")
        guard let spanHeight = Int(1, plus: window.height - 1, times: dilation.0),
            let spanWidth = Int(1, plus: window.width - 1, times: dilation.1)
        else { fatalError("Pool2DGeometry: window \(window) with dilation \(dilation) has more than 2⁶³ pixels") }
        require(
            padding.sides.allSatisfy { $0 >= 0 } && max(padding.top, padding.bottom) < spanHeight
                && max(padding.left, padding.right) < spanWidth,
            "Pool2DGeometry: padding \(padding) is not less than window \(window)")
        guard let paddedHeight = Int(input.height, plus: padding.top, and: padding.bottom),
            let paddedWidth = Int(input.width, plus: padding.left, and: padding.right),
            Shape(checking: [paddedHeight, paddedWidth, input.channels]) != nil
        else {
            fatalError("Pool2DGeometry: input \(input) with padding \(padding) has more than 2⁶³ elements")
        }
        let rows = Axis(input.height, window.height, stride.0, padding.top, padding.bottom, dilation.0, ceilMode)
        let columns = Axis(input.width, window.width, stride.1, padding.left, padding.right, dilation.1, ceilMode)
        require(
            rows.outputs > 0 && columns.outputs > 0,
            "Pool2DGeometry: window \(window) is larger than padded input \(input)")
        require(
            !rows.hasEmptyWindow && !columns.hasEmptyWindow,
            "Pool2DGeometry: a window \(window) with dilation \(dilation) has no pixel of input \(input)")
        (inputHeight, inputWidth, channels) = input
        (windowHeight, windowWidth) = window
        (strideHeight, strideWidth) = stride
        self.padding = padding
        (dilationHeight, dilationWidth) = dilation
        (self.ceilMode, self.countsPadding) = (ceilMode, countsPadding)
        (outputHeight, outputWidth) = (rows.outputs, columns.outputs)
    }

    /// The same with padding whose opposite sides are equal, (vertical, horizontal).
    public init(
        input: (height: Int, width: Int, channels: Int), window: (height: Int, width: Int),
        stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), ceilMode: Bool = false,
        countsPadding: Bool = true
    ) {
        self.init(
            input: input, window: window, stride: stride, padding: Padding2D(padding.0, padding.1), dilation: dilation,
            ceilMode: ceilMode, countsPadding: countsPadding)
    }

    /// The input's shape at a batch size.
    public func inputShape(batch: Int) -> Shape { [batch, inputHeight, inputWidth, channels] }

    /// The output's shape at a batch size.
    public func outputShape(batch: Int) -> Shape { [batch, outputHeight, outputWidth, channels] }

    /// Windows along one axis, of sizes whose sums an Int holds.
    package struct Axis {
        /// How many; 0 where not one fits.
        package let outputs: Int
        /// Whether a window has no tap in the image, which only taps that are apart can do.
        package let hasEmptyWindow: Bool

        package init(
            _ extent: Int, _ window: Int, _ stride: Int, _ before: Int, _ after: Int, _ dilation: Int, _ ceilMode: Bool
        ) {
            let room = extent + before + after - ((window - 1) * dilation + 1)
            guard room >= 0 else {
                (outputs, hasEmptyWindow) = (0, false)
                return
            }
            var windows = room / stride + 1
            // One more begins where the whole windows end, but not behind the image.
            if ceilMode, room % stride > 0, windows * stride < extent + before { windows += 1 }
            outputs = windows
            hasEmptyWindow =
                dilation > 1
                && (0..<windows).contains { place in
                    let start = place * stride - before
                    let first = start >= 0 ? start : start + (dilation - 1 - start) / dilation * dilation
                    return first >= extent || first > start + (window - 1) * dilation
                }
        }
    }
}
