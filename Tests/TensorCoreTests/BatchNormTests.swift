import TensorCore
import TestSupport
import Testing

@Suite struct BatchNormTests {
    static let shapes: [Shape] = [[1, 1], [2, 1], [5, 17], [3, 2, 3, 8], [2, 5, 7, 33], [70, 3, 3, 2]]

    @Test("Mean, biased variance and the normalised map, with residual and ReLU", arguments: shapes)
    func training(shape: Shape) {
        var random = Philox(seed: 6)
        let channels = shape[shape.rank - 1]
        let x = Tensor(normal: shape, mean: 3, deviation: 2, using: &random)
        let scale = Tensor(uniform: [channels], in: 0.5...2, using: &random)
        let shift = Tensor(normal: [channels], using: &random)
        let residual = Tensor(normal: shape, using: &random)
        for (other, relu) in [(nil, false), (residual, false), (nil, true), (residual, true)] {
            let (output, statistics) = batchNormTraining(
                x, scale: scale, shift: shift, epsilon: 1e-5, residual: other, relu: relu)
            let columns = DoubleArray(x).columns
            let means = columns.map { $0.reduce(0, +) / Double($0.count) }
            let variances = zip(columns, means).map { column, mean in
                column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
            }
            // Sums of 32 values up to about 10 in single precision, then Double.
            #expect(statistics.mean.distance(to: DoubleArray(means, shape: [channels])) <= 32 * 10 * 0x1p-24)
            #expect(statistics.variance.distance(to: DoubleArray(variances, shape: [channels])) <= 32 * 50 * 0x1p-24)
            let expected = DoubleArray(x).mapRows { row in
                row.indices.map { c in
                    let deviation = (variances[c] + 1e-5).squareRoot()
                    return Double(scale.scalars[c]) * (row[c] - means[c]) / deviation + Double(shift.scalars[c])
                }
            }
            let added = other.map { expected + DoubleArray($0) } ?? expected
            let cut = relu ? added.map { max($0, 0) } : added
            // With one row a channel the deviation is √ε: rounding of x · scale / √ε, some 2 · 10 · 316 · 2⁻²³.
            #expect(output.distance(to: cut) <= (columns[0].count == 1 ? 2e-3 : 2e-5))
        }
    }

    // x · factor + offset was off by 1.3 · 10⁻⁵ here, PyTorch is by 4.6 · 10⁻⁶.
    @Test("Far from 0 the digits in which values differ stay, forward and back")
    func farFromZero() {
        var random = Philox(seed: 9)
        let x = Tensor(normal: [4_096, 16], mean: 1_000, deviation: 3, using: &random)
        let (one, zero) = (Tensor.ones([16]), Tensor.zeros([16]))
        let (output, statistics) = batchNormTraining(x, scale: one, shift: zero, epsilon: 1e-5)
        let columns = DoubleArray(x).columns
        let means = columns.map { $0.reduce(0, +) / Double($0.count) }
        let deviations = zip(columns, means).map { column, mean in
            (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count) + 1e-5).squareRoot()
        }
        let expected = DoubleArray(x).mapRows { row in row.indices.map { (row[$0] - means[$0]) / deviations[$0] } }
        func rootMeanSquare(_ found: Tensor, _ exact: DoubleArray) -> Double {
            let squares = zip(found.scalars, exact.values).reduce(0) {
                $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
            }
            return (squares / Double(found.count)).squareRoot()
        }
        #expect(rootMeanSquare(output, expected) < 7e-6)
        let upstream = Tensor(normal: x.shape, using: &random)
        let dx = batchNormTrainingGradient(upstream, x: x, statistics: statistics, scale: one, shift: zero).x
        let g = DoubleArray(upstream).columns
        let mean = g.map { $0.reduce(0, +) / 4_096 }
        let slope = zip(g, expected.columns).map { (g: [Double], x: [Double]) -> Double in
            zip(g, x).reduce(0.0) { sum, pair in sum + pair.0 * pair.1 } / 4_096
        }
        let rows = zip(DoubleArray(upstream).rows, expected.rows).map { g, x in
            g.indices.map { (g[$0] - mean[$0] - x[$0] * slope[$0]) / deviations[$0] }
        }
        #expect(rootMeanSquare(dx, DoubleArray(rows.flatMap(\.self), shape: x.shape)) < 1e-7)
    }

    @Test("In use: the given statistics", arguments: shapes)
    func inference(shape: Shape) {
        var random = Philox(seed: 7)
        let channels = shape[shape.rank - 1]
        let x = Tensor(normal: shape, using: &random)
        let residual = Tensor(normal: shape, using: &random)
        let scale = Tensor(uniform: [channels], in: 0.5...2, using: &random)
        let shift = Tensor(normal: [channels], using: &random)
        let mean = Tensor(normal: [channels], using: &random)
        let variance = Tensor(uniform: [channels], in: 0.25...4, using: &random)
        let result = batchNormInference(
            x, scale: scale, shift: shift, mean: mean, variance: variance, epsilon: 1e-3, residual: residual,
            relu: true)
        let expected =
            DoubleArray(x).mapRows { row in
                row.indices.map { c in
                    Double(scale.scalars[c]) * (row[c] - Double(mean.scalars[c]))
                        / (Double(variance.scalars[c]) + 1e-3).squareRoot() + Double(shift.scalars[c])
                }
            } + DoubleArray(residual)
        #expect(result.distance(to: expected.map { max($0, 0) }) <= 5e-6)
    }

    @Test(
        "The gradient against the textbook's formula, with residual and ReLU and without",
        arguments: shapes.dropFirst(2),
        [(false, false), (true, false), (false, true), (true, true)])
    func gradient(shape: Shape, with: (residual: Bool, relu: Bool)) {
        var random = Philox(seed: 8)
        let channels = shape[shape.rank - 1]
        let x = Tensor(normal: shape, mean: -1, deviation: 2, using: &random)
        let residual = with.residual ? Tensor(normal: shape, using: &random) : nil
        let scale = Tensor(uniform: [channels], in: 0.5...2, using: &random)
        let shift = Tensor(normal: [channels], using: &random)
        let upstream = Tensor(normal: shape, using: &random)
        let (output, statistics) = batchNormTraining(
            x, scale: scale, shift: shift, epsilon: 1e-5, residual: residual, relu: with.relu)
        let found = batchNormTrainingGradient(
            upstream, x: x, statistics: statistics, scale: scale, shift: shift, residual: residual, relu: with.relu)
        let passed = DoubleArray(
            zip(upstream.scalars, output.scalars).map { !with.relu || $1 > 0 ? Double($0) : 0 }, shape: shape)
        #expect((found.residual == nil) == (residual == nil))
        #expect(found.residual.map { $0.distance(to: passed) == 0 } ?? true)

        // Ioffe and Szegedy, section 3: dx = scale / σ · (g − mean(g) − x̂ · mean(g · x̂)).
        var (dx, dscale, dshift) = (DoubleArray(zeros: shape), [Double](), [Double]())
        for (c, (column, g)) in zip(DoubleArray(x).columns, passed.columns).enumerated() {
            let m = Double(column.count)
            let mean = column.reduce(0, +) / m
            let deviation = (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / m + 1e-5).squareRoot()
            let hat = column.map { ($0 - mean) / deviation }
            let (sum, product) = (g.reduce(0, +), zip(g, hat).reduce(0) { $0 + $1.0 * $1.1 })
            dscale.append(product)
            dshift.append(sum)
            for row in column.indices {
                dx.values[row * channels + c] =
                    Double(scale.scalars[c]) / deviation * (g[row] - sum / m - hat[row] * product / m)
            }
        }
        #expect(found.x.distance(to: dx) <= 1e-5 * max(dx.magnitude, 1))
        #expect(found.scale.distance(to: DoubleArray(dscale, shape: [channels])) <= 2e-5 * 10)
        #expect(found.shift.distance(to: DoubleArray(dshift, shape: [channels])) <= 2e-5 * 10)
        #expect(
            sumOverLeadingAxes(upstream).distance(
                to: DoubleArray(
                    DoubleArray(upstream).columns.map { $0.reduce(0, +) }, shape: [channels])) <= 2e-5 * 10)
    }
}
