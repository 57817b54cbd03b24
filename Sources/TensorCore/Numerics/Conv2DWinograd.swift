import CKernels

/// A convolution that Winograd's kernels can do: 3×3, stride 1, whole vectors of channels.
struct WinogradConvolution: Sendable {
    private let geometry: rk_winograd_geometry
    private let block: Int

    /// The convolution itself.
    init?(_ geometry: Conv2DGeometry) {
        guard geometry.hasWinogradForm else { return nil }
        self.init(geometry.winogradForm)
    }

    /// The gradient to the input: a convolution of the upstream gradient with the flipped weights.
    init?(backThrough geometry: Conv2DGeometry) {
        guard geometry.hasWinogradForm, geometry.padding.top <= 2, geometry.padding.left <= 2 else { return nil }
        self.init(
            rk_winograd_geometry(
                height: geometry.outputHeight, width: geometry.outputWidth, channels: geometry.outputChannels,
                output_height: geometry.inputHeight, output_width: geometry.inputWidth,
                output_channels: geometry.inputChannels, top: 2 - geometry.padding.top,
                left: 2 - geometry.padding.left))
    }

    private init?(_ geometry: rk_winograd_geometry) {
        block = rk_winograd_block(geometry.channels, geometry.output_channels)
        guard block > 0 else { return nil }
        self.geometry = geometry
    }

    /// Weights [3, 3, C, C'] as the kernels read them.
    func packed(_ weights: Tensor) -> Tensor {
        var result = Tensor(uninitialized: [36, geometry.channels, geometry.output_channels])
        rk_winograd_weights(
            weights.pointer, geometry.channels, geometry.output_channels, block, result.mutablePointer())
        return result
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - packed: what ``packed(_:)`` made.
    /// - Returns: [N, H', W', C'].
    func forward(_ x: Tensor, packed: Tensor, _ epilogue: Conv2DEpilogue) -> Tensor {
        requirePackedForActiveLevel(block, rk_winograd_block(geometry.channels, geometry.output_channels))
        var output = Tensor(
            uninitialized: [x.shape[0], geometry.output_height, geometry.output_width, geometry.output_channels])
        let y = SendablePointer(output.mutablePointer())
        let parts = partsOfImage(
            batch: x.shape[0], multiplyAdds: 36 * tiles * geometry.channels * geometry.output_channels)
        Parallel.forEachRange(
            of: x.shape[0] * tiles, by: parts > 1 ? (tiles + parts - 1) / parts : imagesPerPiece * tiles
        ) { tiles in
            withWorkspace { geometry, workspace in
                epilogue.withKernelForm {
                    rk_winograd_forward(
                        x.pointer, geometry, tiles.lowerBound, tiles.count, packed.pointer, $0, y.pointer, workspace)
                }
            }
        }
        return output
    }

    /// - Parameters:
    ///   - x: [N, H, W, C].
    ///   - upstream: [N, H', W', C'].
    /// - Returns: [3, 3, C, C'].
    func gradientToWeights(_ x: Tensor, _ upstream: Tensor) -> Tensor {
        let (c, k) = (geometry.channels, geometry.output_channels)
        let sum = sumOverImages(x.shape[0], size: 36 * c * k, atLeast: imagesPerPiece) { images, du in
            withWorkspace { geometry, workspace in
                rk_winograd_weight_gradient(
                    x.pointer, upstream.pointer, geometry, images.lowerBound * tiles, images.count * tiles, du,
                    workspace)
            }
        }
        var gradient = Tensor(uninitialized: [3, 3, c, k])
        rk_winograd_gradient_of_weights(sum.pointer, c, k, gradient.mutablePointer())
        return gradient
    }

    /// Patches of 4×4 pixels of one image's result.
    private var tiles: Int { withUnsafePointer(to: geometry) { rk_winograd_tiles($0) } }

    /// Enough for a panel of patches.
    private var imagesPerPiece: Int { tiles >= 28 ? 1 : tiles >= 14 ? 2 : tiles >= 7 ? 4 : 8 }

    private func withWorkspace(_ body: (UnsafePointer<rk_winograd_geometry>, UnsafeMutablePointer<Float>) -> Void) {
        withUnsafePointer(to: geometry) { geometry in
            let workspace = TensorStorage(count: rk_winograd_workspace(geometry))
            withExtendedLifetime(workspace) { body(geometry, workspace.base) }
        }
    }
}

extension Conv2DGeometry {
    var winogradForm: rk_winograd_geometry {
        rk_winograd_geometry(
            height: inputHeight, width: inputWidth, channels: inputChannels, output_height: outputHeight,
            output_width: outputWidth, output_channels: outputChannels, top: padding.top, left: padding.left)
    }

    var hasWinogradForm: Bool {
        kernelHeight == 3 && kernelWidth == 3 && strideHeight == 1 && strideWidth == 1 && dilationHeight == 1
            && dilationWidth == 1 && groups == 1
    }
}
