import CKernels

// Convolution as matrix products. P pixels of an output image, K = taps · channels of a group, N = output channels of a
// group; patches[P, K] are written by im2col unless the input is already that matrix (1×1, stride 1, no padding).

func im2colConvolution(
    _ x: Tensor, _ weights: Tensor, _ geometry: Conv2DGeometry, _ epilogue: Conv2DEpilogue, batch: Int
) -> Tensor {
    var output = Tensor(uninitialized: geometry.outputShape(batch: batch))
    let y = SendablePointer(output.mutablePointer())
    let (p, k, n) = geometry.productSizes
    Parallel.forEach(batch) { image in
        let to = y.pointer + image * p * geometry.outputChannels
        geometry.withWorkspace { workspace in
            for group in 0..<geometry.groups {
                let patches = geometry.patches(of: x, image: image, group: group, in: workspace)
                // Y[P, N] = patches[P, K] · W[K, N]
                gemm(
                    patches.pointer, leadingA: patches.leading,
                    weights.pointer + group * n, leadingB: geometry.outputChannels,
                    into: to + group * n, leadingC: geometry.outputChannels, m: p, n: n, k: k)
            }
        }
        if let bias = epilogue.bias { rk_add_rows(bias.pointer, to, p, geometry.outputChannels) }
        let size = p * geometry.outputChannels
        if let residual = epilogue.residual { rk_add(to, residual.pointer + image * size, to, size) }
        if epilogue.relu { rk_relu(to, to, size) }
    }
    return output
}

func im2colGradientToInput(
    _ upstream: Tensor, _ weights: Tensor, _ geometry: Conv2DGeometry, batch: Int
) -> Tensor {
    let shape = geometry.inputShape(batch: batch)
    var gradient = geometry.readsInputDirectly ? Tensor(uninitialized: shape) : .zeros(shape)
    let dx = SendablePointer(gradient.mutablePointer())
    let (p, k, n) = geometry.productSizes
    let channels = geometry.inputChannels / geometry.groups
    let imageSize = geometry.inputHeight * geometry.inputWidth * geometry.inputChannels
    Parallel.forEach(batch) { image in
        let dy = upstream.pointer + image * p * geometry.outputChannels
        let to = dx.pointer + image * imageSize
        geometry.withWorkspace { workspace in
            for group in 0..<geometry.groups {
                // dPatches[P, K] = dY[P, N] · Wᵀ[N, K]
                gemm(
                    dy + group * n, leadingA: geometry.outputChannels,
                    weights.pointer + group * n, leadingB: geometry.outputChannels, transposeB: true,
                    into: workspace ?? to + group * channels,
                    leadingC: workspace == nil ? geometry.inputChannels : k, m: p, n: k, k: n)
                guard let workspace else { continue }
                withUnsafePointer(to: geometry.kernelForm) { rk_col2im(workspace, $0, to + group * channels) }
            }
        }
    }
    return gradient
}

func im2colGradientToWeights(
    _ x: Tensor, _ upstream: Tensor, _ geometry: Conv2DGeometry, batch: Int
) -> Tensor {
    let (p, k, n) = geometry.productSizes
    let size = geometry.weightShape.elementCount
    return sumOverImages(batch, size: size) { images, dw in
        geometry.withWorkspace { workspace in
            for image in images {
                let dy = upstream.pointer + image * p * geometry.outputChannels
                for group in 0..<geometry.groups {
                    let patches = geometry.patches(of: x, image: image, group: group, in: workspace)
                    // dW[K, N] += patchesᵀ[K, P] · dY[P, N]
                    gemm(
                        patches.pointer, leadingA: patches.leading, transposeA: true,
                        dy + group * n, leadingB: geometry.outputChannels,
                        into: dw + group * n, leadingC: geometry.outputChannels, m: k, n: n, k: p, beta: 1)
                }
            }
        }
    }.reshaped(to: geometry.weightShape)
}

/// What the closure adds up for each image of a batch.
///
/// Up to eight pieces, of at least so many images, each have a sum of their own; these are added in order. Their number
/// depends on the batch alone, so the result does not depend on the threads.
func sumOverImages(
    _ batch: Int, size: Int, atLeast images: Int = 1,
    _ body: @Sendable (_ images: Range<Int>, _ sum: UnsafeMutablePointer<Float>) -> Void
) -> Tensor {
    let pieces = max(1, min((batch + images - 1) / images, 8))
    var parts = Tensor.zeros([pieces, size])
    let sums = SendablePointer(parts.mutablePointer())
    Parallel.forEach(pieces) { piece in
        body((piece * batch / pieces)..<((piece + 1) * batch / pieces), sums.pointer + piece * size)
    }
    return sumOverFirstAxis(parts)
}

/// [B, ...] → [...], added in order.
func sumOverFirstAxis(_ parts: Tensor) -> Tensor {
    var total = Tensor.zeros(Shape(Array(parts.shape.dropFirst())))
    let out = total.mutablePointer()
    for part in 0..<parts.shape[0] { rk_add(out, parts.pointer + part * total.count, out, total.count) }
    return total
}

extension Conv2DGeometry {
    /// The sizes of the matrix product of one image and group.
    fileprivate var productSizes: (p: Int, k: Int, n: Int) { (outputPixels, patchLength, outputChannels / groups) }

    /// Whether the rows of the image are the patches.
    fileprivate var readsInputDirectly: Bool {
        kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1 && padding.isZero
    }

    /// Lends room for the patches of one image and group; nil where the image itself serves.
    fileprivate func withWorkspace(_ body: (UnsafeMutablePointer<Float>?) -> Void) {
        guard !readsInputDirectly else { return body(nil) }
        let storage = TensorStorage(count: outputPixels * patchLength)
        withExtendedLifetime(storage) { body(storage.base) }
    }

    fileprivate func patches(
        of x: Tensor, image: Int, group: Int, in workspace: UnsafeMutablePointer<Float>?
    ) -> (pointer: UnsafePointer<Float>, leading: Int) {
        let channels = inputChannels / groups
        let from = x.pointer + image * inputHeight * inputWidth * inputChannels + group * channels
        guard let workspace else { return (from, inputChannels) }
        withUnsafePointer(to: kernelForm) { rk_im2col(from, $0, workspace) }
        return (UnsafePointer(workspace), patchLength)
    }

    /// The window as the C kernels take it, for one group.
    fileprivate var kernelForm: rk_patch_geometry {
        rk_patch_geometry(
            input_height: inputHeight, input_width: inputWidth, pixel_stride: inputChannels,
            channels: inputChannels / groups, kernel_height: kernelHeight, kernel_width: kernelWidth,
            stride_height: strideHeight, stride_width: strideWidth, padding_top: padding.top,
            padding_left: padding.left, padding_bottom: padding.bottom, padding_right: padding.right,
            dilation_height: dilationHeight, dilation_width: dilationWidth, output_height: outputHeight,
            output_width: outputWidth)
    }
}

/// The second moments of a convolution's patches: Σ p · pᵀ over images and output pixels.
///
/// - Parameter x: [N, H, W, C].
/// - Returns: [groups, K, K] with K = kernel height · kernel width · C / groups, in the order of a weight's first three
///   axes.
public func convolution2DPatchMoments(_ x: Tensor, _ geometry: Conv2DGeometry) -> Tensor {
    let (batch, _, _, _) = x.shape.nhwc(for: "convolution2DPatchMoments")
    require(
        x.shape == geometry.inputShape(batch: batch),
        "convolution2DPatchMoments: input has shape \(x.shape), \(geometry.inputShape(batch: batch)) expected")
    let (p, k, _) = geometry.productSizes
    return sumOverImages(batch, size: geometry.groups * k * k) { images, moments in
        guard p != 1 else { return geometry.addPatchProducts(of: x, images, to: moments) }
        geometry.withWorkspace { workspace in
            for image in images {
                for group in 0..<geometry.groups {
                    let patches = geometry.patches(of: x, image: image, group: group, in: workspace)
                    // M[K, K] += patchesᵀ[K, P] · patches[P, K]
                    gemm(
                        patches.pointer, leadingA: patches.leading, transposeA: true,
                        patches.pointer, leadingB: patches.leading,
                        into: moments + group * k * k, leadingC: k, m: k, n: k, k: p, beta: 1)
                }
            }
        }
    }.reshaped(to: [geometry.groups, k, k])
}

extension Conv2DGeometry {
    /// Adds the outer products of the patches of images that have a single one each, K · K numbers a group.
    ///
    /// Row by row, so that a row stays in the cache for all images, and without those that a 0 makes 0, as padding
    /// does. Each product is rounded before it is added: the bits of a matrix product for each image.
    fileprivate func addPatchProducts(of x: Tensor, _ images: Range<Int>, to moments: UnsafeMutablePointer<Float>) {
        let k = patchLength
        let storage = TensorStorage(count: (images.count + 1) * k)
        withExtendedLifetime(storage) {
            let product = storage.base + images.count * k
            for group in 0..<groups {
                let vectors = images.enumerated().map { place, image in
                    patches(
                        of: x, image: image, group: group, in: readsInputDirectly ? nil : storage.base + place * k
                    ).pointer
                }
                for place in 0..<k {
                    let row = moments + (group * k + place) * k
                    for vector in vectors where vector[place] != 0 {
                        rk_affine(vector, vector[place], 0, product, k)
                        rk_add(row, product, row, k)
                    }
                }
            }
        }
    }
}
