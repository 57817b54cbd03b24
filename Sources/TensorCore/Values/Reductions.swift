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

    /// Sums over several axes, in double precision; 0 over an axis of no elements.
    ///
    /// - Parameters:
    ///   - axes: in any order, each once; negative ones count from the last. No axes leave the elements as they are.
    ///   - keepingAxes: whether the axes stay, with extent 1.
    public func sum(axes: [Int], keepingAxes: Bool = false) -> Tensor {
        reduced("sum", axes, keepingAxes) { $0.sum(axis: 1) }
    }

    /// Means over several axes; see ``sum(axes:keepingAxes:)``. An axis of no elements stops the program.
    public func mean(axes: [Int], keepingAxes: Bool = false) -> Tensor {
        reduced("mean", axes, keepingAxes) { $0.mean(axis: 1) }
    }

    /// Maxima over several axes, NaN where one occurs; see ``sum(axes:keepingAxes:)``. An axis of no elements stops the
    /// program.
    public func max(axes: [Int], keepingAxes: Bool = false) -> Tensor {
        reduced("max", axes, keepingAxes) { $0.max(axis: 1) }
    }

    /// Brings several axes together as axis 1 of [before, together, after] for a function that takes that axis away.
    private func reduced(_ name: String, _ axes: [Int], _ keepingAxes: Bool, _ body: (Tensor) -> Tensor) -> Tensor {
        guard let places = shape.places(ofAxes: axes) else { fatalError("\(name): axes \(axes) of shape \(shape)") }
        let result = shape.reduced(at: places, keepingAxes: keepingAxes)
        guard let first = places.first, let last = places.last else { return self }
        let together = places.reduce(1) { $0 * shape[$1] }
        // Neighbours lie together as they are; others are brought to the end.
        if last - first == places.count - 1 {
            let (before, after) = (shape[..<first].reduce(1, *), shape[(last + 1)...].reduce(1, *))
            return body(reshaped(to: [before, together, after])).reshaped(to: result)
        }
        let others = shape.indices.filter { !places.contains($0) }
        return body(transposed(others + places).reshaped(to: [result.elementCount, together, 1])).reshaped(to: result)
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

extension Shape {
    /// An axis counted from the first, where a negative one counts from the last; nil if there is no such axis.
    public func place(ofAxis axis: Int) -> Int? {
        guard axis >= -rank, axis < rank else { return nil }
        return axis < 0 ? axis + rank : axis
    }

    /// Axes counted from the first, in order, where negative ones count from the last; nil if there is no such axis or
    /// one comes twice.
    public func places(ofAxes axes: [Int]) -> [Int]? {
        let places = Set(axes.compactMap(place(ofAxis:)))
        return places.count == axes.count ? places.sorted() : nil
    }

    /// The shape without some axes, or with extent 1 there.
    ///
    /// - Parameter places: axes counted from the first.
    public func reduced(at places: [Int], keepingAxes: Bool) -> Shape {
        keepingAxes
            ? Shape(indices.map { places.contains($0) ? 1 : self[$0] })
            : Shape(indices.filter { !places.contains($0) }.map { self[$0] })
    }
}
