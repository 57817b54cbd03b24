import Autograd
import TensorCore
import TestSupport
import Testing

// Operations that move elements, and products of matrices in pairs.
@Suite struct MovingTests {
    private func draw(_ shape: Shape, _ sample: Int) -> Tensor {
        var random = Philox(seed: 71, sample: sample)
        return Tensor(normal: shape, using: &random)
    }

    @Test(
        "Another shape, with one extent left open or none",
        arguments: [
            ([], [], []), ([], [1, -1], [1, 1]), ([6], [2, 3], [2, 3]), ([2, 3, 5], [-1, 5], [6, 5]),
            ([2, 3, 5], [5, 2, -1], [5, 2, 3]), ([0, 4], [-1, 2, 2], [0, 2, 2]), ([1, 7], [-1], [7]),
        ] as [(Shape, [Int], Shape)])
    func reshaping(shape: Shape, extents: [Int], result: Shape) {
        #expect(
            gradientComplaints(
                [draw(shape, 1)], operation: { $0[0].reshaped(to: extents) }, oracle: { $0[0].reshaped(result) }) == [])
    }

    @Test(
        "Axes in another order",
        arguments: [
            ([], []), ([5], [0]), ([3, 5], [1, 0]), ([2, 3, 5], [1, 2, 0]), ([2, 1, 3, 4], [3, 0, 2, 1]),
            ([0, 3], [1, 0]),
        ] as [(Shape, [Int])])
    func transposing(shape: Shape, order: [Int]) {
        #expect(
            gradientComplaints(
                [draw(shape, 2)], operation: { $0[0].transposed(order) },
                oracle: { arrays in
                    DoubleArray(shape: Shape(order.map { shape[$0] })) { index in
                        var own = index
                        for (new, old) in order.enumerated() { own[old] = index[new] }
                        return arrays[0][own]
                    }
                }) == [])
    }

    @Test(
        "A range of an axis, a split in three, and places in any order",
        arguments: [
            ([7], 0, 0), ([3, 5], 1, -1), ([5, 3], 0, -2), ([2, 7, 3], 1, 1), ([1, 2, 1, 5], 3, -1), ([0, 5], 1, 1),
        ] as [(Shape, Int, Int)])
    func slicing(shape: Shape, place: Int, axis: Int) {
        func picking(_ array: DoubleArray, _ places: [Int]) -> DoubleArray {
            var extents = shape.extents
            extents[place] = places.count
            return DoubleArray(shape: Shape(extents)) { index in
                var own = index
                own[place] = places[index[place]]
                return array[own]
            }
        }
        let extent = shape[place]
        for range in [0..<extent, 1..<extent, 2..<3, 1..<1] {
            #expect(
                gradientComplaints(
                    [draw(shape, 3)], operation: { $0[0].slice(axis: axis, range) },
                    oracle: { picking($0[0], Array(range)) }) == [])
        }
        // The parts in another order: each must get its own gradient.
        let parts = [1, 0, extent - 1]
        #expect(
            gradientComplaints(
                [draw(shape, 3)],
                operation: { .concatenated($0[0].split(axis: axis, into: parts).reversed(), axis: place) },
                oracle: { picking($0[0], Array(1..<extent) + [0]) }) == [])
        for places in [[2, 0, 2, 2], [], [extent - 1]] {
            #expect(
                gradientComplaints(
                    [draw(shape, 4)], operation: { $0[0].gathering(places, axis: axis) },
                    oracle: { picking($0[0], places) }) == [])
        }
    }

    @Test(
        "A border of one value",
        arguments: [
            ([], [], []), ([3], [2], [0]), ([2, 3], [0, 1], [3, 0]), ([1, 3, 2, 5], [0, 1, 1, 0], [0, 2, 1, 0]),
            ([0, 2], [1, 1], [1, 0]), ([2, 3], [0, 0], [0, 0]),
        ] as [(Shape, [Int], [Int])])
    func padding(shape: Shape, before: [Int], after: [Int]) {
        let padded = Shape(shape.indices.map { before[$0] + shape[$0] + after[$0] })
        for value: Float in [0, -1.5] {
            #expect(
                gradientComplaints(
                    [draw(shape, 5)], operation: { $0[0].padded(before: before, after: after, with: value) },
                    oracle: { arrays in
                        DoubleArray(shape: padded) { index in
                            let own = shape.indices.map { index[$0] - before[$0] }
                            let isInside = shape.indices.allSatisfy { (0..<shape[$0]).contains(own[$0]) }
                            return isInside ? arrays[0][own] : Double(value)
                        }
                    }) == [])
        }
    }

    @Test(
        "Matrices in pairs, whose leading axes broadcast on either side",
        arguments: [
            ([1, 1], [1, 1], [1, 1]), ([3, 5], [5, 2], [3, 2]), ([2, 3, 5], [5, 7], [2, 3, 7]),
            ([3, 5], [2, 5, 1], [2, 3, 1]), ([2, 1, 3, 5], [4, 5, 2], [2, 4, 3, 2]),
            ([2, 3, 1], [2, 1, 17], [2, 3, 17]),
            ([2, 3, 0], [2, 0, 4], [2, 3, 4]), ([0, 3, 2], [2, 4], [0, 3, 4]), ([1, 3, 2], [4, 2, 3], [4, 3, 3]),
        ] as [(Shape, Shape, Shape)])
    func products(left: Shape, right: Shape, result: Shape) {
        #expect(
            gradientComplaints(
                [draw(left, 6), draw(right, 7)], operation: { $0[0].multiplied(byMatrices: $0[1]) },
                oracle: { arrays in
                    DoubleArray(shape: result) { index in
                        let (leading, row, column) = (
                            Array(index.dropLast(2)), index[index.count - 2], index[index.count - 1]
                        )
                        func element(_ array: DoubleArray, _ matrix: [Int]) -> Double {
                            let own = array.shape.rank - 2
                            return array[zip(leading.suffix(own), array.shape).map { $1 == 1 ? 0 : $0 } + matrix]
                        }
                        return (0..<left[left.rank - 1]).reduce(0) {
                            $0 + element(arrays[0], [row, $1]) * element(arrays[1], [$1, column])
                        }
                    }
                }) == [])
        let operation = BatchedMatmulOperation()
        #expect((try? operation.shape(of: [left, right])) == result)
        #expect(operation.multiplyAdds(of: [left, right]) == result.elementCount * left[left.rank - 1])
    }

    @Test("Operands and attributes that do not fit are errors, those of sizes that cannot be counted too")
    func shapes() {
        func refuses(_ operation: any GraphOperation, _ operands: Shape...) {
            #expect(throws: OperationError.self, "\(operation) of \(operands)") { try operation.shape(of: operands) }
        }
        refuses(ReshapeOperation(extents: [-1, -1]), [4])
        refuses(ReshapeOperation(extents: [-2, 2]), [4])
        refuses(ReshapeOperation(extents: [-1, 3]), [4])
        refuses(ReshapeOperation(extents: [2, 3]), [4])
        refuses(ReshapeOperation(extents: [-1, 0]), [0, 3])
        refuses(ReshapeOperation(extents: [1 << 40, 1 << 40, -1]), [4])
        refuses(ReshapeOperation(extents: [2, 2]), [4], [4])
        refuses(TransposeOperation(order: [0]), [2, 3])
        refuses(TransposeOperation(order: [0, 0]), [2, 3])
        refuses(TransposeOperation(order: [1, 2]), [2, 3])
        refuses(SliceOperation(axis: 2, range: 0..<1), [2, 3])
        refuses(SliceOperation(axis: -3, range: 0..<1), [2, 3])
        refuses(SliceOperation(axis: 1, range: 1..<4), [2, 3])
        refuses(SliceOperation(axis: 1, range: -1..<2), [2, 3])
        refuses(SliceOperation(axis: .min, range: 0..<1), [2, 3])
        refuses(GatherOperation(indices: [3], axis: 1), [2, 3])
        refuses(GatherOperation(indices: [-1], axis: 1), [2, 3])
        refuses(GatherOperation(indices: [0], axis: 2), [2, 3])
        refuses(GatherOperation(indices: [0, 0, 0, 0], axis: 1), [1 << 62, 1])
        refuses(PadOperation(before: [0], after: [0]), [2, 3])
        refuses(PadOperation(before: [0, -1], after: [0, 0]), [2, 3])
        refuses(PadOperation(before: [0, 0], after: [0, .max]), [2, 3])
        refuses(PadOperation(before: [1 << 40, 1 << 40], after: [0, 0]), [2, 3])
        refuses(PadOperation(before: [0, 0], after: [0, 0], value: .nan), [2, 3])
        refuses(BatchedMatmulOperation(), [2, 3], [2, 3])
        refuses(BatchedMatmulOperation(), [3], [3, 2])
        refuses(BatchedMatmulOperation(), [2, 3, 4], [3, 4, 5])
        refuses(BatchedMatmulOperation(), [1 << 31, 1, 2], [1 << 30, 1, 2, 4])
        refuses(BatchedMatmulOperation(), [2, 3])
        #expect((try? PadOperation(before: [0, 1], after: [2, 0]).shape(of: [[2, 3]])) == [4, 4])
    }

    @Test("Wrong calls stop the program with the operation's name, the shape and the axis")
    func refusals() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let reshaped = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).reshaped(to: [-1, 4])
        }
        #expect(text(reshaped).contains("reshape: extents [-1, 4] for [2, 3], which has 6 elements"))
        let slice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).slice(axis: -1, 2..<4)
        }
        #expect(text(slice).contains("slice: 2 ..< 4 of axis -1 of [2, 3]"))
        let split = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).split(axis: 1, into: [1, 1])
        }
        #expect(text(split).contains("split: axis 1 of [2, 3] into [1, 1]"))
        let order = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).transposed([1, 1])
        }
        #expect(text(order).contains("transpose: order [1, 1] of the axes of [2, 3]"))
        let gathered = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).gathering([0, 3], axis: 1)
        }
        #expect(text(gathered).contains("gather: index 3 of axis 1 of [2, 3]"))
        let padded = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).padded(before: [1], after: [1])
        }
        #expect(text(padded).contains("pad: borders [1] and [1] of 0.0 around [2, 3]"))
        let product = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = tape.constant(.ones([2, 3, 4])).multiplied(byMatrices: tape.constant(.ones([3, 4])))
        }
        #expect(text(product).contains("batchedMatmul: inputs of [2, 3, 4] and [3, 4] found"))
    }
}
