import Autograd
import TensorCore
import TestSupport
import Testing

// Sums, means and maxima over axes.
@Suite struct AxesTests {
    private func draw(_ shape: Shape, _ sample: Int) -> Tensor {
        var random = Philox(seed: 61, sample: sample)
        return Tensor(normal: shape, using: &random)
    }

    /// Shape, axes, the same counted from the first.
    static let cases: [(Shape, [Int], [Int])] = [
        ([], [], []), ([1], [0], [0]), ([7], [-1], [0]), ([3, 5], [0], [0]), ([3, 5], [1], [1]),
        ([3, 5], [-1, 0], [0, 1]), ([3, 5], [], []), ([2, 3, 5, 7], [1, 2], [1, 2]), ([2, 3, 5, 7], [-1, 0], [0, 3]),
        ([2, 3, 1, 5], [3, 1], [1, 3]), ([2, 1, 3], [1], [1]), ([0, 3], [1], [1]), ([2, 3, 0], [0], [0]),
        ([2, 3, 4], [0, 2], [0, 2]),
    ]

    @Test("Sum, mean and maximum over axes, which stay or go", arguments: cases)
    func reductions(shape: Shape, axes: [Int], places: [Int]) {
        let x = [draw(shape, 1)]
        for keeps in [true, false] {
            let result = Shape(shape.indices.compactMap { places.contains($0) ? (keeps ? 1 : nil) : shape[$0] })
            func oracle(_ function: @escaping ([Double]) -> Double) -> ([DoubleArray]) -> DoubleArray {
                { $0[0].reduced(places, function).reshaped(result) }
            }
            #expect(
                gradientComplaints(
                    x, operation: { $0[0].sum(axes: axes, keepingAxes: keeps) }, oracle: oracle { $0.reduce(0, +) })
                    == [])
            #expect(
                gradientComplaints(
                    x, operation: { $0[0].mean(axes: axes, keepingAxes: keeps) },
                    oracle: oracle { $0.reduce(0, +) / Double($0.count) }) == [])
            #expect(
                gradientComplaints(
                    x, operation: { $0[0].max(axes: axes, keepingAxes: keeps) }, oracle: oracle { $0.max() ?? 0 }) == []
            )
        }
    }

    @Test("A sum over no elements is 0, a mean or maximum is refused; equal maxima share what flows back")
    func empty() {
        #expect(SumOperation(axes: [0]).forward([.zeros([0, 2])]) == Tensor([0, 0]))
        #expect(
            gradientComplaints([.zeros([0, 2])], operation: { $0[0].sum(axes: [0]) }) { _ in .init(zeros: [2]) } == [])
        #expect(throws: OperationError.self) { try MeanOperation(axes: [0]).shape(of: [[0, 2]]) }
        #expect(throws: OperationError.self) { try MaxOperation(axes: [0]).shape(of: [[0, 2]]) }
        let tape = Tape(mode: .training)
        let slot = tape.bind(Tensor([3, 1, 3, 2, 2, 0], shape: [2, 3]), path: "x", needsGradient: true)
        let gradients = tape.gradients(of: tape.variable(at: slot)!.max(axes: [1]).sum())
        #expect(gradients[slot] == Tensor([0.5, 0, 0.5, 0.5, 0.5, 0], shape: [2, 3]))
        #expect(MaxOperation(axes: [0]).forward([Tensor([1, .nan, 2])]).scalar.isNaN)
    }

    @Test("Axes that are none or come twice are refused")
    func refusals() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let bad: [[Int]] = [[2], [-3], [0, 0], [1, -1], [.max], [.min]]
        for axes in bad {
            for operation in [SumOperation(axes: axes), MeanOperation(axes: axes), MaxOperation(axes: axes)]
                as [any GraphOperation]
            {
                #expect(throws: OperationError.self) { try operation.shape(of: [[2, 3]]) }
            }
        }
        #expect(throws: OperationError.self) { try SumOperation(axes: []).shape(of: [[2], [2]]) }
        #expect((try? MaxOperation(axes: [-1], keepsAxes: true).shape(of: [[2, 3]])) == [2, 1])
        let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).sum(axes: [2])
        }
        #expect(text(sum).contains("sum: axes [2] of [2, 3] found"))
        let mean = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 0])).mean(axes: [-1])
        }
        #expect(text(mean).contains("mean over axes [-1] of [2, 0]"))
    }
}
