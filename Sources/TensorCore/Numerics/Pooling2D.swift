import CKernels

/// Which pixel of its window each maximum came from: for each output element the tap's index, row by row.
public struct PoolIndices: Sendable {
    private let storage: TensorStorage
    let count: Int

    fileprivate init(count: Int) {
        storage = TensorStorage(count: (count + 1) / 2)  // two to the room of a Float
        self.count = count
    }

    fileprivate var taps: UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: UInt16.self)
    }
}

/// The maximum of each window and channel.
///
/// - Parameter x: [N, H, W, C].
/// - Returns: the maxima [N, H', W', C], and where they came from, for ``maxPool2DGradient(_:_:_:)``. Of equal values
///   the first counts; NaN counts as larger than everything.
public func maxPool2D(_ x: Tensor, _ geometry: Pool2DGeometry) -> (output: Tensor, argmax: PoolIndices) {
    let batch = geometry.requireInput(x, for: "maxPool2D")
    require(
        geometry.windowHeight * geometry.windowWidth <= Int(UInt16.max),
        "maxPool2D: window \(geometry.windowHeight)×\(geometry.windowWidth) has more than 65,535 pixels")
    var output = Tensor(uninitialized: geometry.outputShape(batch: batch))
    let y = SendablePointer(output.mutablePointer())
    let (inputSize, outputSize) = geometry.imageSizes
    let argmax = PoolIndices(count: output.count)
    Parallel.forEach(batch) { image in
        withUnsafePointer(to: geometry.kernelForm) {
            rk_max_pool(
                x.pointer + image * inputSize, $0, y.pointer + image * outputSize, argmax.taps + image * outputSize)
        }
    }
    return (output, argmax)
}

/// Hands each upstream value to the pixel that was its window's maximum.
///
/// - Parameter upstream: [N, H', W', C].
/// - Returns: [N, H, W, C].
public func maxPool2DGradient(_ upstream: Tensor, _ argmax: PoolIndices, _ geometry: Pool2DGeometry) -> Tensor {
    let batch = geometry.requireOutput(upstream, for: "maxPool2DGradient")
    require(
        argmax.count == upstream.count,
        "maxPool2DGradient: \(argmax.count) indices for upstream \(upstream.shape)")
    var gradient = Tensor(uninitialized: geometry.inputShape(batch: batch))
    let dx = SendablePointer(gradient.mutablePointer())
    let (inputSize, outputSize) = geometry.imageSizes
    Parallel.forEach(batch) { image in
        withUnsafePointer(to: geometry.kernelForm) {
            rk_max_pool_gradient(
                upstream.pointer + image * outputSize, argmax.taps + image * outputSize, $0,
                dx.pointer + image * inputSize)
        }
    }
    return gradient
}

/// The mean of each window and channel.
///
/// - Parameter x: [N, H, W, C].
/// - Returns: [N, H', W', C].
public func averagePool2D(_ x: Tensor, _ geometry: Pool2DGeometry) -> Tensor {
    let batch = geometry.requireInput(x, for: "averagePool2D")
    var output = Tensor(uninitialized: geometry.outputShape(batch: batch))
    let y = SendablePointer(output.mutablePointer())
    let (inputSize, outputSize) = geometry.imageSizes
    Parallel.forEach(batch) { image in
        withUnsafePointer(to: geometry.kernelForm) {
            rk_average_pool(
                x.pointer + image * inputSize, $0, geometry.countsPadding ? 1 : 0, y.pointer + image * outputSize)
        }
    }
    return output
}

/// Spreads each upstream value evenly over its window.
///
/// - Parameter upstream: [N, H', W', C].
/// - Returns: [N, H, W, C].
public func averagePool2DGradient(_ upstream: Tensor, _ geometry: Pool2DGeometry) -> Tensor {
    let batch = geometry.requireOutput(upstream, for: "averagePool2DGradient")
    var gradient = Tensor(uninitialized: geometry.inputShape(batch: batch))
    let dx = SendablePointer(gradient.mutablePointer())
    let (inputSize, outputSize) = geometry.imageSizes
    Parallel.forEach(batch) { image in
        withUnsafePointer(to: geometry.kernelForm) {
            rk_average_pool_gradient(
                upstream.pointer + image * outputSize, $0, geometry.countsPadding ? 1 : 0,
                dx.pointer + image * inputSize)
        }
    }
    return gradient
}

/// The mean over height and width.
///
/// - Parameter x: [N, H, W, C].
/// - Returns: [N, C].
public func globalAverage(_ x: Tensor) -> Tensor {
    let (n, h, w, c) = x.shape.nhwc(for: "globalAverage")
    require(h * w > 0, "globalAverage: input has shape \(x.shape), no pixels")
    var output = Tensor(uninitialized: [n, c])
    let y = SendablePointer(output.mutablePointer())
    Parallel.forEach(n) { image in
        var sums = [Double](repeating: 0, count: c)
        rk_channel_sums(x.pointer + image * h * w * c, h * w, c, &sums)
        for channel in 0..<c { y.pointer[image * c + channel] = Float(sums[channel] / Double(h * w)) }
    }
    return output
}

/// Each of the H·W positions receives 1/(H·W) of what arrives for its channel.
///
/// - Parameters:
///   - upstream: [N, C].
///   - shape: [N, H, W, C].
public func globalAverageGradient(_ upstream: Tensor, to shape: Shape) -> Tensor {
    let (n, h, w, c) = shape.nhwc(for: "globalAverageGradient")
    require(upstream.shape == [n, c], "globalAverageGradient: upstream \(upstream.shape), [\(n), \(c)] expected")
    var gradient = Tensor(uninitialized: shape)
    let dx = SendablePointer(gradient.mutablePointer())
    let share = upstream.affine(factor: 1 / Float(h * w), offset: 0)
    Parallel.forEach(n) { image in
        let row = share.pointer + image * c
        for pixel in 0..<(h * w) { (dx.pointer + (image * h * w + pixel) * c).update(from: row, count: c) }
    }
    return gradient
}

extension Pool2DGeometry {
    fileprivate func requireInput(_ x: Tensor, for operation: String) -> Int {
        let (n, _, _, _) = x.shape.nhwc(for: operation)
        require(
            x.shape == inputShape(batch: n),
            "\(operation): input has shape \(x.shape), \(inputShape(batch: n)) expected")
        return n
    }

    fileprivate func requireOutput(_ y: Tensor, for operation: String) -> Int {
        let (n, _, _, _) = y.shape.nhwc(for: operation)
        require(
            y.shape == outputShape(batch: n),
            "\(operation): upstream has shape \(y.shape), \(outputShape(batch: n)) expected")
        return n
    }

    /// Elements of one image before and after.
    fileprivate var imageSizes: (input: Int, output: Int) {
        (inputHeight * inputWidth * channels, outputHeight * outputWidth * channels)
    }

    var kernelForm: rk_patch_geometry {
        rk_patch_geometry(
            input_height: inputHeight, input_width: inputWidth, pixel_stride: channels, channels: channels,
            kernel_height: windowHeight, kernel_width: windowWidth, stride_height: strideHeight,
            stride_width: strideWidth, padding_top: padding.top, padding_left: padding.left,
            padding_bottom: padding.bottom, padding_right: padding.right,
            dilation_height: dilationHeight, dilation_width: dilationWidth, output_height: outputHeight,
            output_width: outputWidth)
    }
}
