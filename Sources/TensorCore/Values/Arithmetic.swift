import CKernels

// Arithmetic with NumPy's broadcasting rules: shapes are aligned at their last axes, and an axis of extent 1, or one
// that is missing, is repeated. Equal shapes, the common case, take the vector kernels directly.

extension Tensor {
    /// Element by element, broadcast.
    public static func + (left: Tensor, right: Tensor) -> Tensor {
        broadcasting("+", left, right) { rk_add($0, $1, $2, $3) }
    }

    /// Element by element, broadcast.
    public static func - (left: Tensor, right: Tensor) -> Tensor {
        broadcasting("-", left, right) { rk_subtract($0, $1, $2, $3) }
    }

    /// Element by element, broadcast.
    public static func * (left: Tensor, right: Tensor) -> Tensor {
        broadcasting("*", left, right) { rk_multiply($0, $1, $2, $3) }
    }

    /// Element by element, broadcast.
    public static func / (left: Tensor, right: Tensor) -> Tensor {
        broadcasting("/", left, right) { rk_divide($0, $1, $2, $3) }
    }

    /// A number added to every element.
    public static func + (left: Tensor, right: Float) -> Tensor { left.affine(factor: 1, offset: right) }

    /// A number subtracted from every element.
    public static func - (left: Tensor, right: Float) -> Tensor { left.affine(factor: 1, offset: -right) }

    /// Every element times a number.
    public static func * (left: Tensor, right: Float) -> Tensor { left.affine(factor: right, offset: 0) }

    /// Every element times a number.
    public static func * (left: Float, right: Tensor) -> Tensor { right * left }

    /// Every element divided by a number.
    public static func / (left: Tensor, right: Float) -> Tensor { left / Tensor(right) }

    /// Every element with its sign changed.
    public static prefix func - (tensor: Tensor) -> Tensor { tensor.affine(factor: -1, offset: 0) }

    /// The function applied to every element.
    public func map(_ transform: (Float) -> Float) -> Tensor {
        var result = Tensor(uninitialized: shape)
        let out = result.mutablePointer()
        for index in 0..<count { out[index] = transform(pointer[index]) }
        return result
    }

    /// The same elements repeated along axes of extent 1 and along missing leading axes.
    ///
    /// - Parameter shape: of at least as many axes; each extent as here, or here 1.
    public func broadcast(to shape: Shape) -> Tensor {
        guard shape != self.shape else { return self }
        require(
            self.shape.broadcast(with: shape) == shape, "broadcast: \(self.shape) cannot be repeated to \(shape)")
        // Strides over this tensor's elements, aligned at the last axis; 0 repeats.
        var strides = [Int](repeating: 0, count: shape.rank)
        let own = self.shape.strides
        for axis in 0..<self.shape.rank where self.shape[axis] != 1 {
            strides[shape.rank - self.shape.rank + axis] = own[axis]
        }
        return gathered(shape: shape, strides: strides)
    }

    /// Sums over the axes along which a tensor of the given shape is repeated to this one's: what flows back through
    /// ``broadcast(to:)``.
    ///
    /// - Parameter shape: one that can be broadcast to this tensor's. This very shape gives the tensor itself.
    public func summed(to shape: Shape) -> Tensor {
        guard shape != self.shape else { return self }
        require(shape.broadcast(with: self.shape) == self.shape, "summed: \(self.shape) is no repetition of \(shape)")
        let missing = self.shape.rank - shape.rank
        let axes = self.shape.indices.filter {
            $0 < missing || (shape[$0 - missing] == 1 && self.shape[$0] != 1)
        }
        if axes == Array(0..<self.shape.rank - 1) { return sumOverLeadingAxes(self).reshaped(to: shape) }
        return sum(axes: axes).reshaped(to: shape)
    }

    /// The row added to every row: [..., C] + [C].
    public func addingToRows(_ row: Tensor) -> Tensor {
        require(
            shape.rank > 0 && row.shape == [shape[shape.rank - 1]],
            "addingToRows: row has shape \(row.shape), rows of \(shape)")
        var result = self
        if row.count > 0 { rk_add_rows(row.pointer, result.mutablePointer(), count / row.count, row.count) }
        return result
    }

    /// Row i, the elements with index i on the first axis, times factor i.
    public func scalingRows(by factors: [Float]) -> Tensor {
        require(shape.rank > 0 && factors.count == shape[0], "scalingRows: \(factors.count) factors for \(shape)")
        var result = Tensor(uninitialized: shape)
        let out = result.mutablePointer()
        let size = factors.isEmpty ? 0 : count / factors.count
        for (row, factor) in factors.enumerated() {
            rk_affine(pointer + row * size, factor, 0, out + row * size, size)
        }
        return result
    }

    /// One kernel over two tensors that are repeated to their common shape.
    static func broadcasting(
        _ name: String, _ left: Tensor, _ right: Tensor, _ kernel: BinaryKernel
    ) -> Tensor {
        if left.shape == right.shape { return map2(name, left, right, kernel) }
        guard let shape = left.shape.broadcast(with: right.shape) else {
            fatalError("\(name): shapes \(left.shape) and \(right.shape) cannot be broadcast together")
        }
        return map2(name, left.broadcast(to: shape), right.broadcast(to: shape), kernel)
    }
}

extension Shape {
    /// The shape that two shapes have together under NumPy's rules; nil if they have none, or one whose elements cannot
    /// be counted.
    public func broadcast(with other: Shape) -> Shape? {
        let rank = Swift.max(self.rank, other.rank)
        var extents = [Int](repeating: 1, count: rank)
        for axis in 0..<rank {
            let a = axis < rank - self.rank ? 1 : self[axis - (rank - self.rank)]
            let b = axis < rank - other.rank ? 1 : other[axis - (rank - other.rank)]
            guard a == b || a == 1 || b == 1 else { return nil }
            extents[axis] = a == 1 ? b : a
        }
        return Shape(checking: extents)
    }
}
