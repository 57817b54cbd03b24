import TensorCore

// Oracles that walk every element with an index for each axis.
extension DoubleArray {
    /// An array of which every element is given by its index.
    public init(shape: Shape, at element: (_ index: [Int]) -> Double) {
        self.init((0..<shape.elementCount).map { element(shape.index(of: $0)) }, shape: shape)
    }

    /// The element at an index for each axis.
    public subscript(index: [Int]) -> Double {
        values[zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }]
    }

    /// The element that stands at an index of a shape that this one is broadcast to.
    public func broadcast(at index: [Int]) -> Double {
        self[zip(index.suffix(shape.rank), shape).map { $1 == 1 ? 0 : $0 }]
    }

    /// Two arrays broadcast to a shape, and a function of their elements.
    public func combined(_ other: DoubleArray, to shape: Shape, _ function: (Double, Double) -> Double) -> DoubleArray {
        DoubleArray(shape: shape) { function(broadcast(at: $0), other.broadcast(at: $0)) }
    }

    /// All elements along some axes, brought to one by a function; the axes stay with extent 1.
    public func reduced(_ axes: [Int], _ function: ([Double]) -> Double) -> DoubleArray {
        DoubleArray(shape: Shape(shape.indices.map { axes.contains($0) ? 1 : shape[$0] })) { place in
            function(
                values.indices.filter { element in
                    let index = shape.index(of: element)
                    return shape.indices.allSatisfy { axes.contains($0) || index[$0] == place[$0] }
                }.map { values[$0] })
        }
    }

    /// The same elements under another shape.
    public func reshaped(_ shape: Shape) -> DoubleArray { DoubleArray(values, shape: shape) }
}

extension Shape {
    /// The index for each axis of an element in row-major order.
    public func index(of element: Int) -> [Int] {
        var (rest, index) = (element, [Int](repeating: 0, count: rank))
        for axis in indices.reversed() { (rest, index[axis]) = rest.quotientAndRemainder(dividingBy: self[axis]) }
        return index
    }
}
