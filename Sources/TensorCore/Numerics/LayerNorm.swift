import CKernels

/// Normalisation of each row by itself: (x − mean) / √(variance + epsilon) · scale + shift.
///
/// - Parameters:
///   - x: [..., columns], where the last axes, as many as scale has, are one row.
///   - scale: the extents of those axes, [C] for x of [N, T, C].
///   - shift: the same extents, or nil.
///   - epsilon: added to the variance, which is the mean of squares (biased).
///   - centered: whether the mean is taken away; without that it is the root mean square that x is divided by (Zhang
///     and Sennrich, arXiv 1910.07467).
public func layerNorm(_ x: Tensor, scale: Tensor, shift: Tensor?, epsilon: Float, centered: Bool = true) -> Tensor {
    let norm = RowNormalization("layerNorm", x, scale, shift, epsilon, centered)
    var result = Tensor(uninitialized: x.shape)
    let out = SendablePointer(result.mutablePointer())
    norm.forEachBlock { form, first, rows in
        rk_row_norm(form, x.pointer + first, out.pointer + first, rows, norm.columns)
    }
    return result
}

/// The gradients of ``layerNorm(_:scale:shift:epsilon:centered:)``.
///
/// With z the normalised row and u = upstream · scale: dx = (u − mean(u) − z · mean(u · z)) / √(variance + epsilon),
/// the first mean only where the row's was taken away; dscale = Σ upstream · z, dshift = Σ upstream, over the rows.
///
/// - Returns: gradients with respect to x, scale and shift.
public func layerNormGradient(
    _ upstream: Tensor, x: Tensor, scale: Tensor, epsilon: Float, centered: Bool = true
) -> (x: Tensor, scale: Tensor, shift: Tensor) {
    require(upstream.shape == x.shape, "layerNormGradient: upstream \(upstream.shape), input \(x.shape)")
    let norm = RowNormalization("layerNormGradient", x, scale, nil, epsilon, centered)
    var dx = Tensor(uninitialized: x.shape)
    var products = Tensor(uninitialized: x.shape)
    let toInput = SendablePointer(dx.mutablePointer())
    let toProducts = SendablePointer(products.mutablePointer())
    norm.forEachBlock { form, first, rows in
        rk_row_norm_gradient(
            form, upstream.pointer + first, x.pointer + first, toInput.pointer + first, toProducts.pointer + first,
            rows, norm.columns)
    }
    func summed(_ rows: Tensor) -> Tensor {
        sumOverLeadingAxes(rows.reshaped(to: [norm.rows, norm.columns])).reshaped(to: scale.shape)
    }
    return (dx, summed(products), summed(upstream))
}

/// The rows of an input, and what is done to each.
private struct RowNormalization: Sendable {
    let rows, columns: Int
    private let scale: Tensor
    private let shift: Tensor?
    private let epsilon: Float
    private let centered: Bool

    init(_ name: String, _ x: Tensor, _ scale: Tensor, _ shift: Tensor?, _ epsilon: Float, _ centered: Bool) {
        require(
            scale.shape.rank > 0 && x.shape.suffix(scale.shape.rank).elementsEqual(scale.shape) && scale.count > 0,
            "\(name): scale \(scale.shape) for an input of \(x.shape), its last extents expected")
        require(shift.map { $0.shape == scale.shape } ?? true, "\(name): scale \(scale.shape) and another shift")
        (rows, columns) = (x.count / scale.count, scale.count)
        (self.scale, self.shift, self.epsilon, self.centered) = (scale, shift, epsilon, centered)
    }

    /// Calls the closure with blocks of rows, of about 32 k elements each: the kernels' form, where the block begins
    /// and how many rows it has.
    func forEachBlock(
        _ body: @Sendable (_ form: UnsafePointer<rk_row_normalization>, _ first: Int, _ rows: Int) -> Void
    ) {
        Parallel.forEachRange(of: rows, by: rowsPerPiece(columns)) { range in
            let form = rk_row_normalization(
                scale: scale.pointer, shift: shift?.pointer, epsilon: epsilon, centered: centered ? 1 : 0)
            withUnsafePointer(to: form) { body($0, range.lowerBound * columns, range.count) }
        }
    }
}
