import CKernels

/// How a convolution is computed. All give the same result up to rounding.
///
/// An algorithm that cannot do a geometry, or one of its gradients, leaves it to direct, and that to im2col.
public enum Conv2DAlgorithm: Sendable, CaseIterable {
    /// Patches as rows of a matrix, then one matrix product per image and group. Any geometry.
    case im2col
    /// Tiles of the output in registers, no patches. Without dilation and groups, where the output channels fill
    /// vectors.
    case direct
    /// A quarter of the multiplications, for 3×3 kernels at stride 1 whose channels on both sides fill vectors: F(4×4,
    /// 3×3), Lavin and Gray, arXiv 1509.09308, with the points 0, ±√½, ±√2, ∞. Its error, a root mean square of 5 to 9
    /// · 10⁻⁷ of the result, is three to five times that of the other two.
    case winograd
    /// Vectors of channels, each of which has kernels of its own. As many groups as input channels; dilation where the
    /// stride is 1, and with a stride in all but the gradient to the input.
    case depthwise

    /// The fastest for a geometry on this machine.
    ///
    /// From the table that `make algorithms` prints, whose figures are in docs/performance.md:
    /// - A depthwise convolution by patches is a product of single columns for each channel.
    /// - Winograd wins wherever it can, from images of 3×3 pixels on: smaller ones leave most of a 4×4 patch unused.
    /// - Rows of fewer than 4 pixels leave a direct tile's arithmetic waiting for itself.
    /// - Without vectors OpenBLAS, which has them, wins.
    public static func best(for geometry: Conv2DGeometry) -> Conv2DAlgorithm {
        if DepthwiseConvolution(geometry) != nil { return .depthwise }
        if SIMDLevel.active == .scalar { return .im2col }
        if geometry.outputWidth >= 3, geometry.outputHeight >= 3, WinogradConvolution(geometry) != nil {
            return .winograd
        }
        return geometry.outputWidth >= 4 ? .direct : .im2col
    }
}

/// One of the three computations that a convolution takes part in.
public enum Conv2DPass: Sendable, CaseIterable {
    /// Input and weights to output.
    case forward
    /// The output's gradient and weights to the input's gradient.
    case gradientToInput
    /// Input and the output's gradient to the weights' gradient.
    case gradientToWeights
}

extension Conv2DAlgorithm {
    /// Whether a pass of a geometry is computed by this algorithm on this machine, and not left to another.
    public func computes(_ pass: Conv2DPass, of geometry: Conv2DGeometry) -> Bool {
        switch (self, pass) {
        case (.im2col, _): true
        // Gradients of no images, which cost nothing.
        case (.depthwise, .gradientToInput):
            DepthwiseConvolution(geometry)?
                .gradientToInput(.zeros(geometry.outputShape(batch: 0)), .zeros(geometry.weightShape)) != nil
        case (.depthwise, _): DepthwiseConvolution(geometry) != nil
        case (.direct, .gradientToInput):
            directGradientToInput(.zeros(geometry.outputShape(batch: 0)), .zeros(geometry.weightShape), geometry) != nil
        case (.direct, _): DirectConvolution(geometry) != nil
        case (.winograd, .gradientToInput): WinogradConvolution(backThrough: geometry) != nil
        case (.winograd, _): WinogradConvolution(geometry) != nil
        }
    }
}
