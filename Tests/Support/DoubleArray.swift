import TensorCore

/// An array of Double in row-major order: what the oracles of the tests compute with, slowly and plainly.
public struct DoubleArray: Sendable, Equatable {
    /// The extents of the axes.
    public let shape: Shape
    /// The elements.
    public var values: [Double]

    /// Creates an array from its elements.
    public init(_ values: [Double], shape: Shape) {
        require(values.count == shape.elementCount, "DoubleArray: \(values.count) elements for shape \(shape)")
        self.shape = shape
        self.values = values
    }

    /// Creates an array of zeros.
    public init(zeros shape: Shape) { self.init([Double](repeating: 0, count: shape.elementCount), shape: shape) }

    /// The elements of a tensor, exactly.
    public init(_ tensor: Tensor) { self.init(tensor.scalars.map(Double.init), shape: tensor.shape) }

    /// The function applied to every element.
    public func map(_ transform: (Double) -> Double) -> DoubleArray {
        DoubleArray(values.map(transform), shape: shape)
    }

    /// The rows of the last axis.
    public var rows: [[Double]] {
        let columns = shape[shape.rank - 1]
        return stride(from: 0, to: values.count, by: max(columns, 1)).map { Array(values[$0..<$0 + columns]) }
    }

    /// The values of each place of the last axis, over all of the others.
    public var columns: [[Double]] {
        let rows = rows
        return (0..<shape[shape.rank - 1]).map { column in rows.map { $0[column] } }
    }

    /// The function applied to every row of the last axis; rows keep their length.
    public func mapRows(_ transform: ([Double]) -> [Double]) -> DoubleArray {
        DoubleArray(rows.flatMap(transform), shape: shape)
    }

    /// Element by element.
    public static func + (left: DoubleArray, right: DoubleArray) -> DoubleArray {
        DoubleArray(zip(left.values, right.values).map { $0 + $1 }, shape: left.shape)
    }

    /// Element by element.
    public static func * (left: DoubleArray, right: DoubleArray) -> DoubleArray {
        DoubleArray(zip(left.values, right.values).map { $0 * $1 }, shape: left.shape)
    }

    /// The largest absolute value; 0 for none.
    public var magnitude: Double { values.reduce(0) { max($0, abs($1)) } }
}

extension Tensor {
    /// The largest distance to an oracle's elements; infinite where the shapes differ or a NaN stands.
    public func distance(to oracle: DoubleArray) -> Double {
        guard shape == oracle.shape else { return .infinity }
        return zip(scalars, oracle.values).reduce(0) { worst, pair in
            let distance = abs(Double(pair.0) - pair.1)
            return distance <= worst ? worst : distance.isNaN ? .infinity : distance
        }
    }

    /// Whole numbers in -4 ... 4, whose products and sums Float32 holds exactly in any order.
    public init(wholeNumbers shape: Shape, using random: inout Philox) {
        self.init((0..<shape.elementCount).map { _ in Float(random.index(below: 9) - 4) }, shape: shape)
    }
}
