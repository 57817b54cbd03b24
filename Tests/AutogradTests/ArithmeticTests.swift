import Autograd
import TensorCore
import TestSupport
import Testing

// Values and gradients of the operations that act element by element or only move elements, against Double.
@Suite struct ArithmeticTests {
    static let shapes: [Shape] = [[], [1, 1], [1, 7], [3, 5], [2, 3, 1, 17], [1, 2, 3, 4, 5]]

    private func draw(_ shape: Shape, _ sample: Int) -> Tensor {
        var random = Philox(seed: 21, sample: sample)
        return Tensor(normal: shape, using: &random)
    }

    @Test("Sum, difference, product and multiple of variables", arguments: shapes)
    func elementwise(shape: Shape) {
        let inputs = [draw(shape, 1), draw(shape, 2)]
        #expect(gradientComplaints(inputs, operation: { $0[0] + $0[1] }, oracle: { $0[0] + $0[1] }) == [])
        #expect(
            gradientComplaints(inputs, operation: { $0[0] - $0[1] }, oracle: { $0[0] + $0[1].map { -$0 } }) == [])
        #expect(gradientComplaints(inputs, operation: { $0[0] * $0[1] }, oracle: { $0[0] * $0[1] }) == [])
        #expect(
            gradientComplaints([inputs[0]], operation: { $0[0] * 2.5 }, oracle: { $0[0].map { $0 * 2.5 } }) == [])
        #expect(
            gradientComplaints([inputs[0]], operation: { -0.5 * $0[0] }, oracle: { $0[0].map { $0 * -0.5 } }) == [])
    }

    @Test("A variable used several times gets the sum of what flows back along each way", arguments: shapes)
    func fanOut(shape: Shape) {
        #expect(
            gradientComplaints(
                [draw(shape, 3)], operation: { $0[0] * $0[0] * $0[0] + $0[0] },
                oracle: { $0[0].map { $0 * $0 * $0 + $0 } }) == [])
    }

    @Test("Sum and mean of all elements", arguments: shapes)
    func reductions(shape: Shape) {
        func total(_ array: DoubleArray) -> Double { array.values.reduce(0, +) }
        #expect(
            gradientComplaints(
                [draw(shape, 4)], operation: { $0[0].sum() }, oracle: { DoubleArray([total($0[0])], shape: []) }) == [])
        #expect(
            gradientComplaints(
                [draw(shape, 4)], operation: { $0[0].mean() },
                oracle: { DoubleArray([total($0[0]) / Double(shape.elementCount)], shape: []) }) == [])
    }

    @Test(
        "Flattening keeps the batch axis",
        arguments: [[1, 1], [3, 4], [2, 3, 5], [1, 2, 2, 3], [3, 1, 1, 17]] as [Shape])
    func flattening(shape: Shape) {
        #expect(
            gradientComplaints(
                [draw(shape, 5)], operation: { $0[0].flattened() },
                oracle: { DoubleArray($0[0].values, shape: [shape[0], shape.elementCount / shape[0]]) }) == [])
    }

    @Test(
        "Concatenating along each axis, parts of different extents",
        arguments: [
            ([2, 3], 0, [1, 4]), ([2, 3], 1, [5, 1]), ([1, 2, 3], 1, [2]), ([2, 1, 2, 3], 3, [17, 4]),
            ([3], 0, [1, 2]),
        ] as [(Shape, Int, [Int])])
    func concatenating(first: Shape, axis: Int, others: [Int]) {
        let shapes =
            [first]
            + others.map { extent in
                var extents = first.extents
                extents[axis] = extent
                return Shape(extents)
            }
        let outer = first[..<axis].reduce(1, *)
        var joined = first.extents
        joined[axis] += others.reduce(0, +)
        #expect(
            gradientComplaints(
                shapes.enumerated().map { draw($1, 6 + $0) }, operation: { Variable.concatenated($0, axis: axis) },
                oracle: { parts in
                    let values = (0..<outer).flatMap { row in
                        parts.flatMap { part in
                            let length = part.values.count / outer
                            return part.values[row * length..<(row + 1) * length]
                        }
                    }
                    return DoubleArray(values, shape: Shape(joined))
                }) == [])
    }

    @Test(
        "Channels in another order", arguments: [[1, 1], [2, 3], [1, 2, 2, 5], [2, 1, 3, 17], [4, 8]] as [Shape])
    func permuting(shape: Shape) {
        var random = Philox(seed: 22)
        let order = random.permutation(of: shape[shape.rank - 1])
        #expect(
            gradientComplaints(
                [draw(shape, 9)], operation: { $0[0].permutingChannels(order) },
                oracle: { $0[0].mapRows { row in order.map { row[$0] } } }) == [])
    }

    @Test("Rows blended with other rows, several with the same one and one with itself")
    func blendingRows() {
        let (partners, shares) = ([2, 2, 0, 3], [0.25, 1, 0.5, 0.75] as [Float])
        #expect(
            gradientComplaints(
                [draw([4, 2, 1, 3], 10)], operation: { $0[0].blendingRows(with: partners, shares: shares) },
                oracle: { arrays in
                    let x = arrays[0].values
                    let values = x.indices.map { index in
                        let (row, share) = (index / 6, Double(shares[index / 6]))
                        return share * x[index] + (1 - share) * x[partners[row] * 6 + index % 6]
                    }
                    return DoubleArray(values, shape: [4, 2, 1, 3])
                }) == [])
    }

    @Test(
        "A constant factor that is repeated along axes",
        arguments: [
            ([2, 3], [1, 3]), ([2, 3], []), ([1, 1], [1, 1]), ([2, 2, 3, 5], [2, 2, 3, 1]), ([3, 2, 2, 17], [17]),
        ] as [(Shape, Shape)])
    func broadcastFactor(shape: Shape, factorShape: Shape) {
        let factor = draw(factorShape, 10)
        // The same product for the oracle: walk both with an index per axis.
        let full = DoubleArray(
            (0..<shape.elementCount).map { element in
                var (rest, from, stride) = (element, 0, 1)
                for axis in reversedAxes(shape.rank) {
                    let own = axis - (shape.rank - factorShape.rank)
                    if own >= 0 {
                        from += factorShape[own] == 1 ? 0 : rest % shape[axis] * stride
                        stride *= factorShape[own]
                    }
                    rest /= shape[axis]
                }
                return Double(factor.scalars[from])
            }, shape: shape)
        #expect(
            gradientComplaints(
                [draw(shape, 11)], operation: { $0[0].multiplied(byBroadcast: factor) }, oracle: { $0[0] * full })
                == [])
    }

    /// The axes, the last first.
    private func reversedAxes(_ rank: Int) -> ReversedCollection<Range<Int>> { (0..<rank).reversed() }

    @Test("Dropout: what is kept is scaled, what is dropped has no gradient", arguments: shapes)
    func dropout(shape: Shape) {
        let stream = Philox(seed: 23, operation: RandomPurpose.dropout)
        for probability: Float in [0, 0.25, 0.9] {
            var again = stream
            let mask = DoubleArray(
                (0..<shape.elementCount).map { _ in
                    probability == 0 ? 1 : again.uniform() < probability ? 0 : 1 / (1 - Double(probability))
                }, shape: shape)
            #expect(
                gradientComplaints(
                    [draw(shape, 12)], random: stream, operation: { $0[0].dropout(probability) },
                    oracle: { $0[0] * mask }) == [])
        }
    }

    @Test("Dropout keeps the mean, drops its share, and changes nothing in evaluation")
    func dropoutStatistics() {
        let x = Tensor.ones([100, 100])
        let tape = Tape(mode: .training, random: Philox(seed: 24))
        let dropped = tape.constant(x).dropout(0.3).value
        // 5 deviations of a share over 10,000 draws: 5 · √(0.3 · 0.7 / 10⁴) = 0.023.
        let share = Double(dropped.scalars.filter { $0 == 0 }.count) / 10_000
        #expect(abs(share - 0.3) < 0.023)
        #expect(abs(dropped.mean() - 1) < 0.033)
        #expect(Tape(mode: .evaluation).constant(x).dropout(0.3).value == x)
    }
}
