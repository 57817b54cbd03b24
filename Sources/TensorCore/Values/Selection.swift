// Choosing between elements, moving them to other places along an axis, and putting a border around them.

extension Tensor {
    /// The greater of two elements, broadcast; NaN where one of them is.
    public static func maximum(_ left: Tensor, _ right: Tensor) -> Tensor {
        broadcasting("maximum", left, right) { a, b, out, count in
            guard let a, let b, let out else { return }
            for index in 0..<count { out[index] = a[index] > b[index] || a[index].isNaN ? a[index] : b[index] }
        }
    }

    /// The smaller of two elements, broadcast; NaN where one of them is.
    public static func minimum(_ left: Tensor, _ right: Tensor) -> Tensor {
        broadcasting("minimum", left, right) { a, b, out, count in
            guard let a, let b, let out else { return }
            for index in 0..<count { out[index] = a[index] < b[index] || a[index].isNaN ? a[index] : b[index] }
        }
    }

    /// 1 where an element is greater than the other, ½ where both are equal, 0 elsewhere; broadcast.
    ///
    /// The derivative of ``maximum(_:_:)`` with respect to the first, where equal elements share what flows back.
    public static func maximumShares(_ left: Tensor, over right: Tensor) -> Tensor {
        broadcasting("maximumShares", left, right) { a, b, out, count in
            guard let a, let b, let out else { return }
            for index in 0..<count { out[index] = a[index] > b[index] ? 1 : a[index] == b[index] ? 0.5 : 0 }
        }
    }

    /// The second where the mask is not 0, the third elsewhere; all three broadcast.
    public static func select(_ mask: Tensor, _ whenTrue: Tensor, _ whenFalse: Tensor) -> Tensor {
        guard let shape = mask.shape.broadcast(with: whenTrue.shape)?.broadcast(with: whenFalse.shape) else {
            fatalError("select: shapes \(mask.shape), \(whenTrue.shape) and \(whenFalse.shape) cannot be broadcast")
        }
        let (mask, a, b) = (mask.broadcast(to: shape), whenTrue.broadcast(to: shape), whenFalse.broadcast(to: shape))
        var result = Tensor(uninitialized: shape)
        let out = SendablePointer(result.mutablePointer())
        forEachRange(result.count) { first, count in
            for index in first..<first + count {
                out.pointer[index] = mask.pointer[index] != 0 ? a.pointer[index] : b.pointer[index]
            }
        }
        return result
    }

    /// A border of one value around the elements.
    ///
    /// - Parameters:
    ///   - before: for each axis how many places come before what is there.
    ///   - after: for each axis how many come after.
    public func padded(before: [Int], after: [Int], with value: Float = 0) -> Tensor {
        require(
            before.count == shape.rank && after.count == shape.rank && (before + after).allSatisfy { $0 >= 0 },
            "padded: borders \(before) and \(after) of shape \(shape)")
        var result = Tensor(repeating: value, shape: Shape(shape.indices.map { before[$0] + shape[$0] + after[$0] }))
        guard count > 0, let length = shape.last else { return count > 0 ? self : result }
        let (own, strides) = (shape.strides, result.shape.strides)
        let out = result.mutablePointer()
        for row in stride(from: 0, to: count, by: length) {
            let place = shape.indices.reduce(0) { $0 + (row / own[$1] % shape[$1] + before[$1]) * strides[$1] }
            (out + place).update(from: pointer + row, count: length)
        }
        return result
    }

    /// The given places of an axis, in that order; a place may come several times.
    public func gathering(_ indices: [Int], axis: Int) -> Tensor {
        let (outer, extent, inner) = runs(along: axis, "gathering")
        require(
            indices.allSatisfy { $0 >= 0 && $0 < extent }, "gathering: \(indices) of axis \(axis) of shape \(shape)")
        var extents = shape.extents
        extents[axis] = indices.count
        var result = Tensor(uninitialized: Shape(extents))
        let out = result.mutablePointer()
        for row in 0..<outer {
            for (place, index) in indices.enumerated() {
                (out + (row * indices.count + place) * inner)
                    .update(from: pointer + (row * extent + index) * inner, count: inner)
            }
        }
        return result
    }

    /// Sums what stands at each place of an axis at the given place of an axis of another extent, with 0 where nothing
    /// comes: what flows back through ``gathering(_:axis:)``.
    public func scattering(to indices: [Int], axis: Int, extent: Int) -> Tensor {
        let (outer, count, inner) = runs(along: axis, "scattering")
        require(
            indices.count == count && indices.allSatisfy { $0 >= 0 && $0 < extent },
            "scattering: axis \(axis) of shape \(shape) to \(indices) of \(extent)")
        var extents = shape.extents
        extents[axis] = extent
        var result = Tensor.zeros(Shape(extents))
        let out = result.mutablePointer()
        for row in 0..<outer {
            for (place, index) in indices.enumerated() {
                let (from, to) = ((row * count + place) * inner, (row * extent + index) * inner)
                for element in 0..<inner { out[to + element] += pointer[from + element] }
            }
        }
        return result
    }

    /// The elements as [before the axis, the axis, after it].
    private func runs(along axis: Int, _ name: String) -> (outer: Int, extent: Int, inner: Int) {
        require(axis >= 0 && axis < shape.rank, "\(name): axis \(axis) of shape \(shape)")
        return (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
    }
}
