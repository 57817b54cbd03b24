import CKernels

/// Elements of one piece of parallel elementwise work: large enough to pay for the hand-over (some 10 µs of memory
/// traffic), small enough for two cores to share an activation map.
private let elementsPerPiece = 1 << 15

/// Calls the closure for consecutive ranges that cover 0 ..< count.
func forEachRange(_ count: Int, _ body: @Sendable (_ first: Int, _ count: Int) -> Void) {
    Parallel.forEach((count + elementsPerPiece - 1) / elementsPerPiece) { piece in
        let first = piece * elementsPerPiece
        body(first, min(elementsPerPiece, count - first))
    }
}

typealias BinaryKernel =
    @Sendable (UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void

/// One kernel over two tensors of one shape.
func map2(_ name: String, _ left: Tensor, _ right: Tensor, _ kernel: BinaryKernel) -> Tensor {
    require(left.shape == right.shape, "\(name): shapes \(left.shape) and \(right.shape) differ")
    var result = Tensor(uninitialized: left.shape)
    let out = SendablePointer(result.mutablePointer())
    forEachRange(left.count) { first, count in
        kernel(left.pointer + first, right.pointer + first, out.pointer + first, count)
    }
    return result
}

/// One kernel over a tensor.
func map1(
    _ tensor: Tensor, _ kernel: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
) -> Tensor {
    var result = Tensor(uninitialized: tensor.shape)
    let out = SendablePointer(result.mutablePointer())
    forEachRange(tensor.count) { first, count in kernel(tensor.pointer + first, out.pointer + first, count) }
    return result
}

extension Tensor {
    /// Adds another tensor of the same shape in place.
    public mutating func add(_ other: Tensor) {
        require(shape == other.shape, "add: shapes \(shape) and \(other.shape) differ")
        let out = SendablePointer(mutablePointer())
        forEachRange(count) { first, count in
            rk_add(out.pointer + first, other.pointer + first, out.pointer + first, count)
        }
    }

    /// Adds a multiple of another tensor of the same shape in place: x ← x + factor · other.
    public mutating func add(_ other: Tensor, scaledBy factor: Float) {
        require(shape == other.shape, "add(scaledBy:): shapes \(shape) and \(other.shape) differ")
        let out = SendablePointer(mutablePointer())
        forEachRange(count) { first, count in
            rk_add_scaled(other.pointer + first, factor, out.pointer + first, count)
        }
    }

    /// Multiplies every element in place.
    public mutating func scale(by factor: Float) {
        let out = SendablePointer(mutablePointer())
        forEachRange(count) { first, count in
            rk_affine(out.pointer + first, factor, 0, out.pointer + first, count)
        }
    }

    /// The function applied to every element, on several cores; ``map(_:)`` where it may not run at once with itself.
    public func parallelMap(_ transform: @Sendable (Float) -> Float) -> Tensor {
        map1(self) { x, out, count in
            for index in 0..<count { out[index] = transform(x[index]) }
        }
    }

    /// x · factor + offset for every element, rounded once where the processor can.
    public func affine(factor: Float, offset: Float) -> Tensor {
        map1(self) { x, out, count in rk_affine(x, factor, offset, out, count) }
    }

    /// The sum of all elements: single precision within 64 rows of 16, double above; 0 for none.
    public func sum() -> Float {
        let pieces = (count + elementsPerPiece - 1) / elementsPerPiece
        guard pieces > 0 else { return 0 }
        var sums = [Double](repeating: 0, count: pieces)
        sums.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let out = SendablePointer(base)
            forEachRange(count) { first, count in
                rk_sum(pointer + first, count, out.pointer + first / elementsPerPiece)
            }
        }
        return Float(sums.reduce(0, +))
    }

    /// The mean of all elements.
    public func mean() -> Float {
        require(count > 0, "mean: shape \(shape) has no elements")
        return Float(Double(sum()) / Double(count))
    }

    /// Whether no element is NaN or infinite.
    public var isFinite: Bool {
        var result: Int32 = 1
        rk_finite(pointer, count, &result)
        return result != 0
    }
}

/// Max(x, 0), element by element; NaN stays NaN.
public func relu(_ x: Tensor) -> Tensor { map1(x) { from, out, count in rk_relu(from, out, count) } }

/// Upstream where the output of ``relu(_:)`` is positive, 0 elsewhere.
public func reluGradient(_ upstream: Tensor, output: Tensor) -> Tensor {
    map2("reluGradient", upstream, output) { rk_relu_gradient($0, $1, $2, $3) }
}
