import Foundation
import TensorCore

/// A vector divided by its Euclidean norm.
///
/// A norm below the floor counts as the floor: a vector that is almost zero has no direction to speak of, and its
/// gradient must not explode.
struct Direction {
    let unit: [Double]
    private let norm: Double
    private let isFloored: Bool

    init(_ vector: [Double], floor: Double) {
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        isFloored = length < floor
        norm = max(length, floor)
        let scale = norm
        unit = vector.map { $0 / scale }
    }

    /// From the gradient with respect to ``unit`` to that with respect to the vector: (u − unit · (unit · u)) / norm.
    func gradient(_ upstream: [Double]) -> [Double] {
        let along = isFloored ? 0 : zip(unit, upstream).reduce(0) { $0 + $1.0 * $1.1 }
        return zip(upstream, unit).map { ($0 - along * $1) / norm }
    }
}

/// The rows of a matrix, each divided by its Euclidean norm or 10⁻¹², whichever is larger.
struct UnitRows {
    let values: Tensor
    private let directions: [Direction]

    /// - Parameter matrix: [N, K].
    init(_ matrix: Tensor) {
        directions = matrix.rowsInDouble.map { Direction($0, floor: 1e-12) }
        values = Tensor(directions.flatMap { $0.unit.map(Float.init) }, shape: matrix.shape)
    }

    /// From the gradient with respect to ``values`` to that with respect to the matrix.
    func gradient(_ upstream: Tensor) -> Tensor {
        let rows = zip(directions, upstream.rowsInDouble).flatMap { $0.gradient($1) }
        return Tensor(rows.map(Float.init), shape: upstream.shape)
    }
}

/// The rows of a matrix with mean 0 and variance 1: (z − mean) / √(variance + 10⁻⁵), as layer normalisation has it.
struct StandardizedRows {
    let values: Tensor
    private let deviations: [Double]

    /// - Parameter matrix: [N, K].
    init(_ matrix: Tensor) {
        var deviations: [Double] = []
        let rows = matrix.rowsInDouble.flatMap { row in
            let count = Double(row.count)
            let mean = row.reduce(0, +) / count
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
            let deviation = (variance + 1e-5).squareRoot()
            deviations.append(deviation)
            return row.map { Float(($0 - mean) / deviation) }
        }
        self.deviations = deviations
        values = Tensor(rows, shape: matrix.shape)
    }

    /// From the gradient with respect to ``values`` to that with respect to the matrix: (u − mean u − v · mean (u v)) /
    /// σ.
    func gradient(_ upstream: Tensor) -> Tensor {
        var result: [Float] = []
        result.reserveCapacity(upstream.count)
        for ((slope, row), deviation) in zip(zip(upstream.rowsInDouble, values.rowsInDouble), deviations) {
            let count = Double(row.count)
            let mean = slope.reduce(0, +) / count
            let along = zip(slope, row).reduce(0) { $0 + $1.0 * $1.1 } / count
            for (u, v) in zip(slope, row) { result.append(Float((u - mean - v * along) / deviation)) }
        }
        return Tensor(result, shape: upstream.shape)
    }
}

extension Tensor {
    /// The rows of a matrix.
    var rowsInDouble: [[Double]] {
        let columns = shape[1]
        return withSpan { span in
            (0..<shape[0]).map { row in (0..<columns).map { Double(span[row * columns + $0]) } }
        }
    }
}
