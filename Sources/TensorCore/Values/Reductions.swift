extension Tensor {
    /// Sums along an axis.
    ///
    /// - Parameter keepingAxis: whether the axis stays, with extent 1.
    public func sum(axis: Int, keepingAxis: Bool = false) -> Tensor {
        reduced("sum", axis, keepingAxis, initial: 0) { $0 + Double($1) }
    }

    /// Means along an axis.
    public func mean(axis: Int, keepingAxis: Bool = false) -> Tensor {
        let total = sum(axis: axis, keepingAxis: keepingAxis)
        require(shape[axis] > 0, "mean: axis \(axis) of shape \(shape) is empty")
        return total / Float(shape[axis])
    }

    /// Maxima along an axis; NaN where one occurs.
    public func max(axis: Int, keepingAxis: Bool = false) -> Tensor {
        reduced("max", axis, keepingAxis, initial: -.infinity) { $0.isNaN || Double($1) <= $0 ? $0 : Double($1) }
    }

    /// Minima along an axis; NaN where one occurs.
    public func min(axis: Int, keepingAxis: Bool = false) -> Tensor {
        reduced("min", axis, keepingAxis, initial: .infinity) { $0.isNaN || Double($1) >= $0 ? $0 : Double($1) }
    }

    /// For each row of the last axis, the place of its largest element; the first of equals.
    public func argmax() -> [Int] {
        let columns = shape.rank == 0 ? 1 : shape[shape.rank - 1]
        require(columns > 0, "argmax: shape \(shape) has an empty last axis")
        return stride(from: 0, to: count, by: columns).map { first in
            (1..<Swift.max(columns, 1)).reduce(0) { pointer[first + $1] > pointer[first + $0] ? $1 : $0 }
        }
    }

    private func reduced(
        _ name: String, _ axis: Int, _ keepingAxis: Bool, initial: Double, _ combine: (Double, Float) -> Double
    ) -> Tensor {
        require(axis >= 0 && axis < shape.rank, "\(name): axis \(axis) of shape \(shape)")
        let outer = shape[..<axis].reduce(1, *)
        let inner = shape[(axis + 1)...].reduce(1, *)
        let extent = shape[axis]
        require(extent > 0 || initial == 0, "\(name): axis \(axis) of shape \(shape) is empty")
        var extents = shape.extents
        if keepingAxis { extents[axis] = 1 } else { extents.remove(at: axis) }
        var result = Tensor(uninitialized: Shape(extents))
        let out = result.mutablePointer()
        for row in 0..<outer {
            for column in 0..<inner {
                var value = initial
                for index in 0..<extent { value = combine(value, pointer[(row * extent + index) * inner + column]) }
                out[row * inner + column] = Float(value)
            }
        }
        return result
    }
}
