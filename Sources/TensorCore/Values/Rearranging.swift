extension Tensor {
    /// The elements at `base + Σ index · stride`, dense: how transposing, repeating and slicing copy.
    func gathered(shape: Shape, strides: [Int], base: Int = 0) -> Tensor {
        var result = Tensor(uninitialized: shape)
        guard result.count > 0 else { return result }
        let out = result.mutablePointer()
        // What the last axes hold lies together, as far as they are dense.
        var (inner, outer) = (1, shape.rank)
        while outer > 0, strides[outer - 1] == inner || shape[outer - 1] == 1 {
            outer -= 1
            inner *= shape[outer]
        }
        var last = 1
        if inner == 1, outer > 0 {
            outer -= 1
            (inner, last) = (shape[outer], strides[outer])
        }
        var index = [Int](repeating: 0, count: outer)
        var from = base
        for row in stride(from: 0, to: result.count, by: inner) {
            if last == 1 {
                (out + row).update(from: pointer + from, count: inner)
            } else {
                for column in 0..<inner { out[row + column] = pointer[from + column * last] }
            }
            // Count the outer indices up like an odometer.
            for axis in index.indices.reversed() {
                index[axis] += 1
                from += strides[axis]
                if index[axis] < shape[axis] { break }
                from -= index[axis] * strides[axis]
                index[axis] = 0
            }
        }
        return result
    }

    /// Axes in another order; reversed when none is given, so that a matrix is transposed.
    ///
    /// - Parameter order: axis i of the result is axis `order[i]` of self.
    public func transposed(_ order: [Int]? = nil) -> Tensor {
        let order = order ?? Array((0..<shape.rank).reversed())
        require(
            order.sorted() == Array(0..<shape.rank), "transposed: \(order) is no order of the axes of \(shape)")
        let strides = shape.strides
        return gathered(shape: Shape(order.map { shape[$0] }), strides: order.map { strides[$0] })
    }

    /// A range of one axis, with all of the others.
    public func slice(axis: Int, _ range: Range<Int>) -> Tensor {
        require(axis >= 0 && axis < shape.rank, "slice: axis \(axis) of shape \(shape)")
        require(
            range.lowerBound >= 0 && range.upperBound <= shape[axis],
            "slice: \(range) of axis \(axis) of shape \(shape)")
        var extents = shape.extents
        extents[axis] = range.count
        return gathered(shape: Shape(extents), strides: shape.strides, base: range.lowerBound * shape.strides[axis])
    }

    /// Rows of the first axis, `tensor[rows: 0..<8]`.
    public subscript(rows range: Range<Int>) -> Tensor { slice(axis: 0, range) }

    /// The given rows of the first axis, in that order; a row may come several times.
    public func gatheringRows(_ rows: [Int]) -> Tensor {
        require(shape.rank > 0, "gatheringRows: a scalar has no rows")
        let size = shape[0] == 0 ? 0 : count / shape[0]
        var result = Tensor(uninitialized: Shape([rows.count] + shape.dropFirst()))
        let out = result.mutablePointer()
        for (place, row) in rows.enumerated() {
            require(row >= 0 && row < shape[0], "gatheringRows: row \(row) of shape \(shape)")
            (out + place * size).update(from: pointer + row * size, count: size)
        }
        return result
    }

    /// Row n of the result is share(n) · row n + (1 − share(n)) · row partner(n).
    ///
    /// - Parameters:
    ///   - partners: for each row of self, shape [N, ...], another or the same.
    ///   - shares: for each row, how much of itself stays.
    public func blendingRows(with partners: [Int], shares: [Float]) -> Tensor {
        require(
            shape.rank > 0 && partners.count == shape[0] && shares.count == shape[0]
                && partners.allSatisfy { $0 >= 0 && $0 < shape[0] },
            "blendingRows: partners \(partners) and \(shares.count) shares do not fit the rows of \(shape)")
        let size = shape[0] == 0 ? 0 : count / shape[0]
        var result = Tensor(uninitialized: shape)
        let out = result.mutablePointer()
        for (row, partner) in partners.enumerated() {
            let (share, rest) = (shares[row], 1 - shares[row])
            for place in 0..<size {
                out[row * size + place] = share * pointer[row * size + place] + rest * pointer[partner * size + place]
            }
        }
        return result
    }

    /// Element c of the last axis becomes element `permutation[c]` of self.
    public func permutingLastAxis(_ permutation: [Int]) -> Tensor {
        require(
            shape.rank > 0 && permutation.sorted() == Array(0..<shape[shape.rank - 1]),
            "permutingLastAxis: no permutation of the last axis of \(shape)")
        var result = Tensor(uninitialized: shape)
        let out = result.mutablePointer()
        for first in stride(from: 0, to: count, by: Swift.max(permutation.count, 1)) {
            for (place, source) in permutation.enumerated() { out[first + place] = pointer[first + source] }
        }
        return result
    }

    /// Tensors one after another along an axis; they agree in all others.
    public static func concatenated(_ parts: [Tensor], axis: Int) -> Tensor {
        let (shape, copies) = Shape.concatenation(of: parts.map(\.shape), axis: axis)
        var result = Tensor(uninitialized: shape)
        let out = result.mutablePointer()
        for copy in copies {
            (out + copy.to).update(from: parts[copy.part].pointer + copy.from, count: copy.count)
        }
        return result
    }
}
