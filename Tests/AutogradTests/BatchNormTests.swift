import Autograd
import TensorCore
import TestSupport
import Testing

@Suite struct BatchNormTests {
    // At least two rows a channel: with one, the output is the shift whatever the input, and 1 / √ε amplifies rounding.
    static let shapes: [Shape] = [[2, 1], [5, 3], [3, 2, 2, 5], [1, 3, 3, 9], [4, 17], [2, 3, 1, 8]]
    private let epsilon = 1e-3

    private func draw(_ shape: Shape, _ sample: Int, mean: Float = 0) -> Tensor {
        var random = Philox(seed: 61, sample: sample)
        return Tensor(normal: shape, mean: mean, using: &random)
    }

    /// scale · (x − mean) / √(variance + ε) + shift, per channel, statistics given or the batch's own.
    private func normalized(_ x: DoubleArray, _ scale: DoubleArray, _ shift: DoubleArray, _ statistics: [Tensor]? = nil)
        -> DoubleArray
    {
        let columns = x.columns
        let own = columns.map { (column: [Double]) -> Double in column.reduce(0, +) / Double(column.count) }
        let means: [Double] = statistics?[0].scalars.map(Double.init) ?? own
        let spread = zip(columns, means).map { (column: [Double], mean: Double) -> Double in
            column.reduce(0.0) { sum, x in sum + (x - mean) * (x - mean) } / Double(column.count)
        }
        let variances: [Double] = statistics?[1].scalars.map(Double.init) ?? spread
        return x.mapRows { row in
            row.indices.map {
                scale.values[$0] * (row[$0] - means[$0]) / (variances[$0] + epsilon).squareRoot() + shift.values[$0]
            }
        }
    }

    /// Input, scale, shift, residual.
    private func inputs(_ shape: Shape) -> [Tensor] {
        let channels = shape[shape.rank - 1]
        return [
            draw(shape, 1, mean: 0.5), draw([channels], 2, mean: 1), draw([channels], 3), draw(shape, 4),
        ]
    }

    /// Cut at 0; no element of these draws lies within a step of it.
    private func cut(_ array: DoubleArray) -> DoubleArray { array.map { max($0, 0) } }

    @Test("With the batch's statistics: plain, with ReLU, with residual, with both", arguments: shapes)
    func training(shape: Shape) {
        let inputs = inputs(shape)
        for (hasResidual, relu) in [(false, false), (false, true), (true, false), (true, true)] {
            #expect(
                gradientComplaints(
                    Array(inputs[..<(hasResidual ? 4 : 3)]),
                    operation: {
                        $0[0].batchNormalized(
                            scale: $0[1], shift: $0[2], epsilon: Float(epsilon), residual: hasResidual ? $0[3] : nil,
                            relu: relu
                        ).output
                    },
                    oracle: {
                        let plain = normalized($0[0], $0[1], $0[2])
                        let sum = hasResidual ? plain + $0[3] : plain
                        return relu ? cut(sum) : sum
                    }) == [], "residual \(hasResidual), ReLU \(relu)")
        }
    }

    @Test("With given statistics, in a pass that learns", arguments: shapes + [[1, 1]])
    func frozen(shape: Shape) {
        let inputs = inputs(shape)
        let channels = shape[shape.rank - 1]
        let statistics = [draw([channels], 5), draw([channels], 6).map { $0 * $0 + 0.5 }]
        for (hasResidual, relu) in [(false, false), (true, true)] {
            #expect(
                gradientComplaints(
                    Array(inputs[..<(hasResidual ? 4 : 3)]),
                    operation: {
                        let tape = $0[0].tape
                        return $0[0].batchNormalized(
                            scale: $0[1], shift: $0[2], mean: tape.constant(statistics[0]),
                            variance: tape.constant(statistics[1]), epsilon: Float(epsilon),
                            residual: hasResidual ? $0[3] : nil, relu: relu)
                    },
                    oracle: {
                        let plain = normalized($0[0], $0[1], $0[2], statistics)
                        let sum = hasResidual ? plain + $0[3] : plain
                        return relu ? cut(sum) : sum
                    }) == [], "residual \(hasResidual), ReLU \(relu)")
        }
    }

    @Test(
        "In evaluation one fused step gives what the steps of a trace give, to the last bit or two", arguments: shapes)
    func evaluation(shape: Shape) {
        let tensors = inputs(shape)
        let channels = shape[shape.rank - 1]
        func output(_ tape: Tape) -> Tensor {
            let x = tensors.map(tape.constant)
            return x[0].batchNormalized(
                scale: x[1], shift: x[2], mean: tape.constant(draw([channels], 5)),
                variance: tape.constant(.ones([channels])), epsilon: Float(epsilon), residual: x[3], relu: true
            ).value
        }
        let traced = output(Tape(mode: .evaluation, tracing: true))
        #expect(output(Tape(mode: .evaluation)).distance(to: DoubleArray(traced)) <= 2e-6)
    }

    @Test("It returns the mean and the biased variance, for the running statistics")
    func statistics() {
        let tape = Tape(mode: .training)
        let x = tape.constant(Tensor([1, 10, 3, 10], shape: [2, 2]))
        let ones = tape.constant(.ones([2]))
        let (_, mean, variance) = x.batchNormalized(scale: ones, shift: ones, epsilon: 0.1)
        #expect(mean == Tensor([2, 10]) && variance == Tensor([1, 0]))
    }
}
