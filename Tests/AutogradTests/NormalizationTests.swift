import Autograd
import Foundation
import TensorCore
import TestSupport
import Testing

// Normalisations that do not depend on the batch, against their formulas in Double.
@Suite struct NormalizationTests {
    private func draw(_ shape: Shape, _ sample: Int) -> Tensor {
        var random = Philox(seed: 73, sample: sample)
        return Tensor(normal: shape, mean: 0.3, deviation: 1.2, using: &random)
    }

    /// (x − mean) / √(variance + epsilon), or x / √(mean square + epsilon), of some elements.
    private static func normalized(_ x: [Double], _ epsilon: Double, centered: Bool = true) -> [Double] {
        let mean = centered ? x.reduce(0, +) / Double(x.count) : 0
        let square = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
        return x.map { ($0 - mean) / (square + epsilon).squareRoot() }
    }

    /// The same of each row that the scale has the shape of, times the scale, plus the shift.
    private static func rows(
        _ arrays: [DoubleArray], _ epsilon: Double, centered: Bool = true
    ) -> DoubleArray {
        let (x, scale) = (arrays[0], arrays[1].values)
        let shift = arrays.count > 2 ? arrays[2].values : scale.map { _ in 0 }
        var values: [Double] = []
        for first in stride(from: 0, to: x.values.count, by: scale.count) {
            let row = normalized(Array(x.values[first..<first + scale.count]), epsilon, centered: centered)
            for place in row.indices { values.append(row[place] * scale[place] + shift[place]) }
        }
        return DoubleArray(values, shape: x.shape)
    }

    @Test(
        "Rows of one axis or several, shorter and longer than a vector",
        arguments: [
            ([3, 5], [5]), ([2, 3, 1], [1]), ([2, 1, 17], [17]), ([1, 2, 3, 33], [33]), ([2, 3, 4], [3, 4]),
            ([0, 3], [3]), ([2, 2, 2, 2, 3], [2, 2, 3]), ([2, 64], [64]),
        ] as [(Shape, Shape)])
    func rows(shape: Shape, row: Shape) {
        let (x, scale, shift) = (draw(shape, 1), draw(row, 2), draw(row, 3))
        #expect(
            gradientComplaints(
                [x, scale, shift], operation: { $0[0].layerNormalized(scale: $0[1], shift: $0[2], epsilon: 0.01) },
                oracle: { Self.rows($0, 0.01) }) == [])
        #expect(
            gradientComplaints(
                [x, scale], operation: { $0[0].layerNormalized(scale: $0[1], epsilon: 0.1) },
                oracle: { Self.rows($0, 0.1) }) == [])
        #expect(
            gradientComplaints(
                [x, scale], operation: { $0[0].rmsNormalized(scale: $0[1], epsilon: 0.01) },
                oracle: { Self.rows($0, 0.01, centered: false) }) == [])
    }

    @Test(
        "Groups of channels of each image, from one channel to all, in maps, tokens and rows",
        arguments: [
            ([2, 3, 2, 6], 2), ([2, 3, 2, 6], 1), ([3, 2, 6], 6), ([2, 6], 3), ([1, 1, 1, 33], 11), ([0, 2, 2, 4], 2),
            ([2, 5, 1, 1], 1), ([2, 2, 2, 2, 4], 2),
        ] as [(Shape, Int)])
    func groups(shape: Shape, channelsInGroup: Int) {
        let channels = shape.last!
        let groups = channels / channelsInGroup
        #expect(
            gradientComplaints(
                [draw(shape, 1), draw([channels], 2), draw([channels], 3)],
                operation: {
                    $0[0].groupNormalized(
                        scale: $0[1], shift: $0[2], channelsInGroup: channelsInGroup, epsilon: 0.01)
                },
                oracle: { arrays in
                    var result = arrays[0]
                    for image in 0..<shape[0] {
                        for group in 0..<groups {
                            let places = result.values.indices.filter {
                                $0 / (shape.elementCount / shape[0]) == image
                                    && $0 % channels / channelsInGroup == group
                            }
                            let values = Self.normalized(places.map { arrays[0].values[$0] }, 0.01)
                            for (place, value) in zip(places, values) {
                                let channel = place % channels
                                result.values[place] =
                                    value * arrays[1].values[channel] + arrays[2].values[channel]
                            }
                        }
                    }
                    return result
                }) == [])
    }

    @Test("A large mean takes no digits from the variance, and long rows none from their sums")
    func precision() {
        let long = draw([2, 50_000], 4) + 1000
        let found = layerNorm(long, scale: .ones([50_000]), shift: nil, epsilon: 1e-5)
        let oracle = Self.rows([DoubleArray(long), DoubleArray(.ones([50_000]))], 1e-5)
        // The mean, about 1000, is rounded to 2⁻¹⁴ · 2⁻¹ of the deviation 1.2.
        #expect(found.distance(to: oracle) < 1e-4)
    }

    @Test("Operands and attributes that do not fit are refused, in a call and in shape(of:)")
    func refusals() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        for operation in [LayerNormOperation(), RMSNormOperation()] as [any GraphOperation] {
            for shapes in [
                [[2, 3]], [[2, 3], [2]], [[3], [3]], [[2, 3], []], [[2, 0], [0]], [[2, 3], [2, 3]], [],
            ]
                as [[Shape]]
            {
                #expect(throws: OperationError.self) { try operation.shape(of: shapes) }
            }
            #expect((try? operation.shape(of: [[2, 4, 3], [4, 3]])) == [2, 4, 3])
        }
        #expect(throws: OperationError.self) { try LayerNormOperation().shape(of: [[2, 3], [3], [1]]) }
        #expect(throws: OperationError.self) { try RMSNormOperation().shape(of: [[2, 3], [3], [3]]) }
        for epsilon in [0, -1, .nan, .infinity] as [Float] {
            #expect(throws: OperationError.self) { try LayerNormOperation(epsilon: epsilon).shape(of: [[2, 3], [3]]) }
            #expect(throws: OperationError.self) { try RMSNormOperation(epsilon: epsilon).shape(of: [[2, 3], [3]]) }
            #expect(throws: OperationError.self) {
                try GroupNormOperation(channelsInGroup: 1, epsilon: epsilon).shape(of: [[2, 3], [3], [3]])
            }
        }
        for (size, shapes) in [
            (2, [[2, 3], [3], [3]]), (0, [[2, 3], [3], [3]]), (-1, [[2, 3], [3], [3]]), (1, [[3], [3], [3]]),
            (1, [[2, 3], [3], [2]]), (1, [[2, 3], [3]]), (1, [[2, 3], [1, 3], [3]]), (4, [[2, 3], [3], [3]]),
        ] as [(Int, [Shape])] {
            #expect(throws: OperationError.self) { try GroupNormOperation(channelsInGroup: size).shape(of: shapes) }
        }
        let layer = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = tape.constant(.ones([2, 3])).layerNormalized(scale: tape.constant(.ones([2])))
        }
        #expect(text(layer).contains("layerNorm with epsilon 1e-05 of [2, 3], [2] found"))
        let group = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            let ones = tape.constant(.ones([4]))
            _ = tape.constant(.ones([2, 4])).groupNormalized(scale: ones, shift: ones, channelsInGroup: 3)
        }
        #expect(text(group).contains("groups of 3 channels"))
    }
}
