/// A convolution made ready to run often: its algorithm chosen, its weights in the form that the kernels read.
///
/// Residual and ReLU are part of the pass that computes the result, where the algorithm has it in registers.
public struct PreparedConvolution2D: Sendable {
    private enum Form: Sendable {
        case im2col(Tensor)
        case depthwise(DepthwiseConvolution, weights: Tensor)
        case direct(DirectConvolution, packed: Tensor)
        case winograd(WinogradConvolution, packed: Tensor)
    }

    /// The sizes.
    public let geometry: Conv2DGeometry
    private let form: Form
    private let bias: Tensor?

    /// Prepares weights.
    ///
    /// - Parameters:
    ///   - weights: [kernel height, kernel width, C / groups, C'].
    ///   - bias: [C'], added to every pixel.
    ///   - algorithm: the fastest when omitted.
    public init(
        _ weights: Tensor, bias: Tensor? = nil, _ geometry: Conv2DGeometry, algorithm: Conv2DAlgorithm? = nil
    ) {
        geometry.requireWeights(weights, for: "convolution2D")
        if let bias {
            require(
                bias.shape == [geometry.outputChannels],
                "convolution2D: bias has shape \(bias.shape), [\(geometry.outputChannels)] expected")
        }
        self.geometry = geometry
        self.bias = bias
        let algorithm = algorithm ?? .best(for: geometry)
        if algorithm == .depthwise, let depthwise = DepthwiseConvolution(geometry) {
            form = .depthwise(depthwise, weights: weights)
        } else if algorithm == .winograd, let winograd = WinogradConvolution(geometry) {
            form = .winograd(winograd, packed: winograd.packed(weights))
        } else if algorithm != .im2col, let direct = DirectConvolution(geometry) {
            form = .direct(direct, packed: direct.packed(weights))
        } else {
            form = .im2col(weights)
        }
    }

    /// The convolution of a batch, with a residual added and negative values cut if asked, in this order.
    ///
    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - residual: shape of the result.
    /// - Returns: [N, H', W', C'].
    public func callAsFunction(_ x: Tensor, residual: Tensor? = nil, relu: Bool = false) -> Tensor {
        let batch = geometry.requireInput(x, for: "convolution2D")
        if let residual {
            require(
                residual.shape == geometry.outputShape(batch: batch),
                "convolution2D: residual has shape \(residual.shape), \(geometry.outputShape(batch: batch)) expected")
        }
        let epilogue = Conv2DEpilogue(bias: bias, residual: residual, relu: relu)
        switch form {
        case .im2col(let weights): return im2colConvolution(x, weights, geometry, epilogue, batch: batch)
        case .depthwise(let depthwise, let weights): return depthwise.forward(x, weights, epilogue)
        case .direct(let direct, let packed): return direct.forward(x, packed: packed, epilogue)
        case .winograd(let winograd, let packed): return winograd.forward(x, packed: packed, epilogue)
        }
    }
}
