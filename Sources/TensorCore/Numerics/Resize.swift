import CKernels

/// Everything that is fixed about resizing images but their number and channels: [N, inputHeight, inputWidth, C] to
/// [N, outputHeight, outputWidth, C], by a linear map along each axis.
public struct ResizeGeometry: Sendable {
    /// Extents of the input.
    public let inputHeight, inputWidth: Int
    /// Extents of the output.
    public let outputHeight, outputWidth: Int
    fileprivate let rows, columns: AxisInterpolation

    /// To an output of a given size; coordinates are divided by output / input.
    ///
    /// - Parameters:
    ///   - input: (height, width), 1 or more.
    ///   - output: (height, width), 1 or more.
    public init(input: (height: Int, width: Int), output: (height: Int, width: Int), _ interpolation: Interpolation) {
        self.init(input, output, scales: nil, interpolation)
    }

    /// To an output of ⌊input · scale⌋ pixels an axis; coordinates are divided by the scales, which may differ from
    /// output / input.
    ///
    /// - Parameters:
    ///   - input: (height, width), 1 or more.
    ///   - scales: (vertical, horizontal).
    public init(input: (height: Int, width: Int), scales: (Float, Float), _ interpolation: Interpolation) {
        guard let height = Self.extent(input.height, scaledBy: scales.0),
            let width = Self.extent(input.width, scaledBy: scales.1)
        else { fatalError("ResizeGeometry: input \(input) scaled by \(scales), 1 to 2³¹ pixels an axis expected") }
        self.init(input, (height, width), scales: scales, interpolation)
    }

    private init(
        _ input: (height: Int, width: Int), _ output: (height: Int, width: Int), scales: (Float, Float)?,
        _ interpolation: Interpolation
    ) {
        require(
            input.height > 0 && input.width > 0 && output.height > 0 && output.width > 0,
            "ResizeGeometry: input \(input) to \(output), 1 pixel or more expected")
        (inputHeight, inputWidth) = input
        (outputHeight, outputWidth) = output
        rows = AxisInterpolation(input.height, to: output.height, scale: scales?.0, interpolation)
        columns = AxisInterpolation(input.width, to: output.width, scale: scales?.1, interpolation)
    }

    /// ⌊input · scale⌋, in float32 as everybody computes it; nil unless within 1 … 2³¹.
    public static func extent(_ input: Int, scaledBy scale: Float) -> Int? {
        let extent = Float(input) * scale
        return extent >= 1 && extent <= 0x1p31 ? Int(extent) : nil
    }
}

/// Images of another size.
///
/// - Parameter x: [N, H, W, C].
/// - Returns: [N, H', W', C].
public func resized(_ x: Tensor, _ geometry: ResizeGeometry) -> Tensor {
    let (n, h, w, c) = x.shape.nhwc(for: "resized")
    require(
        h == geometry.inputHeight && w == geometry.inputWidth,
        "resized: input has shape \(x.shape), [\(n), \(geometry.inputHeight), \(geometry.inputWidth), \(c)] expected")
    var output = Tensor(uninitialized: [n, geometry.outputHeight, geometry.outputWidth, c])
    let (y, size) = (SendablePointer(output.mutablePointer()), geometry.outputHeight * geometry.outputWidth * c)
    Parallel.forEach(n) { image in
        let narrow = TensorStorage(count: max(1, geometry.outputHeight * w * c))
        withExtendedLifetime(narrow) {
            geometry.rows.gather(x.pointer + image * h * w * c, to: narrow.base, length: w * c)
            for row in 0..<geometry.outputHeight {
                geometry.columns.gather(
                    UnsafePointer(narrow.base) + row * w * c,
                    to: y.pointer + image * size + row * geometry.outputWidth * c, length: c)
            }
        }
    }
    return output
}

/// The transpose of ``resized(_:_:)``: what arrives for a pixel of the result goes to the pixels that it was made of,
/// by the same weights.
///
/// - Parameter upstream: [N, H', W', C].
/// - Returns: [N, H, W, C].
public func resizedGradient(_ upstream: Tensor, _ geometry: ResizeGeometry) -> Tensor {
    let (n, h, w, c) = upstream.shape.nhwc(for: "resizedGradient")
    require(
        h == geometry.outputHeight && w == geometry.outputWidth,
        "resizedGradient: upstream has shape \(upstream.shape), "
            + "[\(n), \(geometry.outputHeight), \(geometry.outputWidth), \(c)] expected")
    var gradient = Tensor.zeros([n, geometry.inputHeight, geometry.inputWidth, c])
    let (dx, size) = (SendablePointer(gradient.mutablePointer()), geometry.inputHeight * geometry.inputWidth * c)
    Parallel.forEach(n) { image in
        let row = geometry.inputWidth * c
        var narrow = Tensor.zeros([geometry.outputHeight, row])
        let sums = narrow.mutablePointer()
        for y in 0..<geometry.outputHeight {
            geometry.columns.scatter(upstream.pointer + (image * h + y) * w * c, to: sums + y * row, length: c)
        }
        geometry.rows.scatter(UnsafePointer(sums), to: dx.pointer + image * size, length: row)
    }
    return gradient
}

extension AxisInterpolation {
    /// [input, length] to [output, length]. A weight of 0 reads nothing: an infinite pixel beside is none of ours.
    fileprivate func gather(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, length: Int) {
        for place in 0..<output {
            let to = y + place * length
            var isFirst = true
            for tap in place * taps..<(place + 1) * taps where weights[tap] != 0 {
                let from = x + pixels[tap] * length
                if !isFirst {
                    rk_add_scaled(from, weights[tap], to, length)
                } else if weights[tap] == 1 {
                    to.update(from: from, count: length)
                } else {
                    rk_affine(from, weights[tap], 0, to, length)
                }
                isFirst = false
            }
            if isFirst { to.update(repeating: 0, count: length) }
        }
    }

    /// Adds [output, length] to [input, length].
    fileprivate func scatter(_ y: UnsafePointer<Float>, to x: UnsafeMutablePointer<Float>, length: Int) {
        for place in 0..<output {
            for tap in place * taps..<(place + 1) * taps where weights[tap] != 0 {
                rk_add_scaled(y + place * length, weights[tap], x + pixels[tap] * length, length)
            }
        }
    }
}
