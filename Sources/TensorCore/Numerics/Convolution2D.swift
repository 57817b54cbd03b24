/// The convolution of a batch with a kernel (cross-correlation, as everywhere in the field).
///
/// - Parameters:
///   - x: [N, H, W, C].
///   - weights: [kernel height, kernel width, C / groups, C'].
///   - bias: [C'], added to every pixel.
///   - geometry: the sizes that both must have.
/// - Returns: [N, H', W', C'].
public func convolution2D(
    _ x: Tensor, _ weights: Tensor, bias: Tensor? = nil, _ geometry: Conv2DGeometry, algorithm: Conv2DAlgorithm? = nil
) -> Tensor {
    PreparedConvolution2D(weights, bias: bias, geometry, algorithm: algorithm)(x)
}

/// The gradient of a convolution with respect to its input.
///
/// - Parameters:
///   - upstream: gradient with respect to the output, [N, H', W', C'].
///   - weights: [kernel height, kernel width, C / groups, C'].
/// - Returns: [N, H, W, C].
public func convolution2DGradientToInput(
    _ upstream: Tensor, _ weights: Tensor, _ geometry: Conv2DGeometry, algorithm: Conv2DAlgorithm? = nil
) -> Tensor {
    let batch = geometry.requireOutput(upstream, for: "convolution2DGradientToInput")
    geometry.requireWeights(weights, for: "convolution2DGradientToInput")
    let algorithm = algorithm ?? .best(for: geometry)
    if algorithm == .depthwise, let gradient = DepthwiseConvolution(geometry)?.gradientToInput(upstream, weights) {
        return gradient
    }
    if algorithm == .winograd, let winograd = WinogradConvolution(backThrough: geometry) {
        return winograd.forward(upstream, packed: winograd.packed(flipped(weights)), Conv2DEpilogue())
    }
    if algorithm != .im2col, let gradient = directGradientToInput(upstream, weights, geometry) { return gradient }
    return im2colGradientToInput(upstream, weights, geometry, batch: batch)
}

/// The gradient of a convolution with respect to its weights, summed over the batch.
///
/// - Parameters:
///   - x: the input, [N, H, W, C].
///   - upstream: gradient with respect to the output, [N, H', W', C'].
/// - Returns: [kernel height, kernel width, C / groups, C'].
public func convolution2DGradientToWeights(
    _ x: Tensor, _ upstream: Tensor, _ geometry: Conv2DGeometry, algorithm: Conv2DAlgorithm? = nil
) -> Tensor {
    let batch = geometry.requireInput(x, for: "convolution2DGradientToWeights")
    let outputs = geometry.requireOutput(upstream, for: "convolution2DGradientToWeights")
    require(
        batch == outputs,
        "convolution2DGradientToWeights: input \(x.shape) and upstream \(upstream.shape) differ in axis 0")
    let algorithm = algorithm ?? .best(for: geometry)
    if algorithm == .depthwise, let depthwise = DepthwiseConvolution(geometry) {
        return depthwise.gradientToWeights(x, upstream)
    }
    if algorithm == .winograd, let winograd = WinogradConvolution(geometry) {
        return winograd.gradientToWeights(x, upstream)
    }
    if algorithm != .im2col, let direct = DirectConvolution(geometry) { return direct.gradientToWeights(x, upstream) }
    return im2colGradientToWeights(x, upstream, geometry, batch: batch)
}

extension Conv2DGeometry {
    /// Checks an input and returns its batch size.
    func requireInput(_ x: Tensor, for operation: String) -> Int {
        let (n, h, w, c) = x.shape.nhwc(for: operation)
        require(
            c == inputChannels,
            "\(operation): input has \(c) channels (shape \(x.shape), axis 3), "
                + "weights expect \(inputChannels) (shape \(weightShape), axis 2, \(groups) groups)")
        require(
            h == inputHeight && w == inputWidth,
            "\(operation): input has shape \(x.shape), \(inputShape(batch: n)) expected")
        return n
    }

    func requireOutput(_ y: Tensor, for operation: String) -> Int {
        let (n, _, _, _) = y.shape.nhwc(for: operation)
        require(
            y.shape == outputShape(batch: n),
            "\(operation): upstream has shape \(y.shape), \(outputShape(batch: n)) expected")
        return n
    }

    func requireWeights(_ weights: Tensor, for operation: String) {
        require(
            weights.shape == weightShape, "\(operation): weights have shape \(weights.shape), \(weightShape) expected")
    }
}
