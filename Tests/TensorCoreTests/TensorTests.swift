import TensorCore
import TestSupport
import Testing

/// A tensor whose element at [i, j, …] is i·10ⁿ + j·10ⁿ⁻¹ + …: its value is its index.
private func indexed(_ shape: Shape) -> Tensor {
    Tensor(
        (0..<shape.elementCount).map { element in
            var (rest, value, ten) = (element, 0, 1)
            for axis in (0..<shape.rank).reversed() {
                value += rest % shape[axis] * ten
                rest /= shape[axis]
                ten *= 10
            }
            return Float(value)
        }, shape: shape)
}

@Suite struct TensorTests {
    @Test("Elements, their count and their strides follow the shape, row by row")
    func layout() {
        let tensor = indexed([2, 3, 4])
        #expect(tensor[1, 2, 3] == 123 && tensor[0, 1, 0] == 10)
        #expect(tensor.count == 24 && tensor.scalars[23] == 123)
        #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
        #expect(Tensor(7).shape == [] && Tensor(7).scalar == 7 && Tensor(7)[] == 7)
        #expect(Tensor.zeros([0, 3]).count == 0 && Tensor.zeros([0, 3]).scalars == [])
        #expect(Tensor([1, 2]).shape == [2])
        #expect(tensor.reshaped(to: [4, 6])[3, 5] == 123)
        let filled = Tensor(shape: [3]) { span in for index in span.indices { span[index] = Float(index) } }
        #expect(filled == Tensor([0, 1, 2]))
        #expect(filled.withSpan { $0[2] } == 2)
    }

    @Test("A copy keeps its values whatever is written to the other, by index, span, kernel or optimiser")
    func copyOnWrite() {
        let original = Tensor([1, 2, 3])
        func check(_ write: (inout Tensor) -> Void) {
            var copy = original
            write(&copy)
            #expect(original == Tensor([1, 2, 3]) && copy != original)
        }
        check { $0[1] = 9 }
        check { $0.withMutableSpan { $0[0] = 9 } }
        check { $0.add(original) }
        check { $0.add(original, scaledBy: 2) }
        check { $0.scale(by: 3) }
        check { copy in
            var velocity = original
            copy.stepSGD(along: original, velocity: &velocity, rate: 1, momentum: 1, decay: 1, nesterov: false)
        }
        // A reshaped tensor shares its elements, and parts with them when written.
        var reshaped = original.reshaped(to: [3, 1])
        reshaped[0, 0] = 5
        #expect(original.scalars == [1, 2, 3] && reshaped.scalars == [5, 2, 3])
    }

    @Test("Equality is of shape and values; bits tell 0 from -0 and hold for NaN")
    func equality() {
        #expect(Tensor([1, 2]) != Tensor([1, 2], shape: [2, 1]))
        #expect(Tensor([0]) == Tensor([-0.0]) && !Tensor([0]).isBitIdentical(to: Tensor([-0.0])))
        #expect(Tensor([.nan]) != Tensor([.nan]) && Tensor([.nan]).isBitIdentical(to: Tensor([.nan])))
    }

    @Test("Transposing: every order of three axes, and a matrix by default")
    func transposing() {
        let tensor = indexed([2, 3, 4])
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let result = tensor.transposed(order)
            #expect(result.shape == Shape(order.map { tensor.shape[$0] }))
            for a in 0..<result.shape[0] {
                for b in 0..<result.shape[1] {
                    for c in 0..<result.shape[2] {
                        var index = [0, 0, 0]
                        for (axis, place) in zip(order, [a, b, c]) { index[axis] = place }
                        #expect(result[a, b, c] == Float(index[0] * 100 + index[1] * 10 + index[2]))
                    }
                }
            }
        }
        #expect(indexed([2, 3]).transposed() == Tensor([0, 10, 1, 11, 2, 12], shape: [3, 2]))
        #expect(Tensor(3).transposed() == Tensor(3))
        #expect(Tensor.zeros([0, 3]).transposed().shape == [3, 0])
    }

    @Test("Slices of each axis, rows, rows in another order, empty ranges")
    func slicing() {
        let tensor = indexed([3, 2, 4])
        #expect(tensor.slice(axis: 0, 1..<3).scalars.first == 100)
        #expect(
            tensor.slice(axis: 1, 1..<2)
                == Tensor([10, 11, 12, 13, 110, 111, 112, 113, 210, 211, 212, 213], shape: [3, 1, 4]))
        #expect(tensor.slice(axis: 2, 2..<4).scalars == [2, 3, 12, 13, 102, 103, 112, 113, 202, 203, 212, 213])
        #expect(tensor[rows: 2..<3] == tensor.slice(axis: 0, 2..<3))
        #expect(tensor.slice(axis: 1, 2..<2).shape == [3, 0, 4])
        #expect(indexed([3, 2]).gatheringRows([2, 0, 2]) == Tensor([20, 21, 0, 1, 20, 21], shape: [3, 2]))
        #expect(indexed([3, 2]).gatheringRows([]).shape == [0, 2])
        #expect(indexed([2, 3]).permutingLastAxis([2, 0, 1]) == Tensor([2, 0, 1, 12, 10, 11], shape: [2, 3]))
    }

    @Test("Concatenating undoes slicing, along every axis")
    func concatenating() {
        let tensor = indexed([3, 4, 5])
        for axis in 0..<3 {
            let parts = [0..<1, 1..<1, 1..<3].map { tensor.slice(axis: axis, $0) }
            #expect(Tensor.concatenated(parts, axis: axis) == tensor.slice(axis: axis, 0..<3))
        }
    }

    @Test(
        "Broadcasting follows NumPy's rules",
        arguments: [
            ([2, 3], [3], [2, 3]), ([2, 3], [2, 1], [2, 3]), ([2, 1], [1, 3], [2, 3]), ([], [2, 2], [2, 2]),
            ([3, 1, 2], [4, 1], [3, 4, 2]), ([1], [0], [0]), ([2, 1, 1, 5], [3, 1, 1], [2, 3, 1, 5]),
        ] as [(Shape, Shape, Shape)])
    func broadcasting(left: Shape, right: Shape, result: Shape) {
        let (a, b) = (indexed(left) + 1, indexed(right) + 1)
        #expect(left.broadcast(with: right) == result && right.broadcast(with: left) == result)
        // The element of a smaller tensor that stands at an element of the result.
        func value(_ tensor: Tensor, _ element: Int) -> Float {
            var (rest, from, stride) = (element, 0, 1)
            for axis in (0..<result.rank).reversed() {
                let own = axis - (result.rank - tensor.shape.rank)
                if own >= 0 {
                    from += tensor.shape[own] == 1 ? 0 : rest % result[axis] * stride
                    stride *= tensor.shape[own]
                }
                rest /= result[axis]
            }
            return tensor.scalars[from]
        }
        func expect(_ found: Tensor, _ operation: (Float, Float) -> Float) {
            #expect(found.shape == result)
            #expect(found.scalars == (0..<result.elementCount).map { operation(value(a, $0), value(b, $0)) })
        }
        expect(a + b, +)
        expect(a - b, -)
        expect(a * b, *)
        expect(a / b, /)
    }

    @Test("Shapes that cannot be broadcast have no common one")
    func notBroadcastable() {
        #expect(Shape([2, 3]).broadcast(with: [2]) == nil)
        #expect(Shape([2]).broadcast(with: [0]) == nil)
    }

    @Test("Numbers with tensors, and the function applied to each element")
    func numbers() {
        let x = Tensor([1, -2, 4])
        #expect(x + 1 == Tensor([2, -1, 5]) && x - 1 == Tensor([0, -3, 3]) && -x == Tensor([-1, 2, -4]))
        #expect(x * 3 == Tensor([3, -6, 12]) && 3 * x == x * 3 && x / 4 == Tensor([0.25, -0.5, 1]))
        #expect(x.map { $0 * $0 } == Tensor([1, 4, 16]))
        #expect(
            Tensor([1, 2, 3, 4], shape: [2, 2]).scalingRows(by: [2, -1]) == Tensor([2, 4, -3, -4], shape: [2, 2]))
        #expect(
            Tensor([1, 2, 3, 4], shape: [2, 2]).addingToRows(Tensor([10, 20]))
                == Tensor([11, 22, 13, 24], shape: [2, 2]))
    }

    @Test("Sums, means, maxima and minima along each axis")
    func reductions() {
        let tensor = indexed([2, 3, 4])
        for axis in 0..<3 {
            let (outer, extent) = (tensor.shape[..<axis].reduce(1, *), tensor.shape[axis])
            let inner = 24 / outer / extent
            let groups = (0..<outer).flatMap { row in
                (0..<inner).map { column in (0..<extent).map { tensor.scalars[(row * extent + $0) * inner + column] } }
            }
            #expect(tensor.sum(axis: axis).scalars == groups.map { $0.reduce(0, +) })
            #expect(tensor.mean(axis: axis).scalars == groups.map { $0.reduce(0, +) / Float(extent) })
            #expect(tensor.max(axis: axis).scalars == groups.map { $0.max()! })
            #expect(tensor.min(axis: axis).scalars == groups.map { $0.min()! })
            var kept = tensor.shape.extents
            kept[axis] = 1
            #expect(tensor.sum(axis: axis, keepingAxis: true).shape == Shape(kept))
            kept.remove(at: axis)
            #expect(tensor.max(axis: axis).shape == Shape(kept))
        }
        #expect(tensor.sum() == tensor.scalars.reduce(0, +) && tensor.mean() == tensor.sum() / 24)
        #expect(Tensor.zeros([3, 0]).sum(axis: 1) == .zeros([3]) && Tensor.zeros([0]).sum() == 0)
        // 2²⁴ + 1 is no Float; the sum of 2²⁴ + 1 + 1 is.
        #expect(Tensor([16_777_216, 1, 1]).sum(axis: 0).scalar == 16_777_218)
    }

    @Test("A NaN is the maximum and the minimum wherever it stands; argmax is the first of the largest")
    func extremes() {
        for place in 0..<3 {
            var scalars: [Float] = [1, -.infinity, 3]
            scalars[place] = .nan
            #expect(Tensor(scalars).max(axis: 0).scalar.isNaN && Tensor(scalars).min(axis: 0).scalar.isNaN)
        }
        #expect(Tensor([-.infinity, -.infinity]).max(axis: 0).scalar == -.infinity)
        #expect(Tensor([1, 3, 3, 5, 4, 5], shape: [2, 3]).argmax() == [1, 0])
        #expect(Tensor([2, 1], shape: [2, 1]).argmax() == [0, 0] && Tensor(5).argmax() == [0])
        #expect(Tensor.zeros([0, 3]).argmax() == [])
    }

    @Test("Finite is no NaN and no infinity, at any place")
    func finiteness() {
        for bad in [Float.nan, .infinity, -.infinity] {
            for place in [0, 7, 16, 18] {
                var scalars = [Float](repeating: .greatestFiniteMagnitude, count: 19)
                #expect(Tensor(scalars).isFinite)
                scalars[place] = bad
                #expect(!Tensor(scalars).isFinite)
            }
        }
        #expect(Tensor.zeros([0]).isFinite)
    }

    @Test("Printing: nested by axis, aligned, long axes cut, and one letter for what is no number")
    func printing() {
        #expect("\(Tensor(2.5))" == "Tensor []\n2.5000")
        #expect("\(Tensor([1, -20.5, 0]))" == "Tensor [3]\n[  1.0000, -20.5000,   0.0000]")
        #expect(
            "\(Tensor([1, 2, 3, 4], shape: [2, 1, 2]))"
                == "Tensor [2, 1, 2]\n[[[1.0000, 2.0000]],\n [[3.0000, 4.0000]]]")
        #expect("\(indexed([9]))" == "Tensor [9]\n[0.0000, 1.0000, 2.0000, …, 6.0000, 7.0000, 8.0000]")
        #expect("\(indexed([8]))".contains("3.0000, 4.0000"))
        #expect("\(indexed([100, 2]))".split(separator: "\n").count == 1 + 7)
        #expect("\(Tensor([1e-9, 1e9, .nan, -.infinity]))".contains("1.000e-09, 1.000e+09,       nan,      -inf"))
        #expect("\(Tensor.zeros([0]))" == "Tensor [0]\n[]")
        #expect("\(Tensor.zeros([2, 0]))" == "Tensor [2, 0]\n[[],\n []]")
    }

    @Test("Random tensors are their stream's draws in order")
    func random() {
        var stream = Philox(seed: 5)
        var again = Philox(seed: 5)
        let normal = Tensor(normal: [2, 3], mean: 1, deviation: 2, using: &stream)
        #expect(normal.scalars == (0..<6).map { _ in 1 + 2 * again.normal() })
        let uniform = Tensor(uniform: [7], in: -1...3, using: &stream)
        #expect(uniform.scalars == (0..<7).map { _ in again.uniform(in: -1...3) })
    }
}
