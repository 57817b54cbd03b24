import Autograd
import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct ActivationTests {
    static let shapes: [Shape] = [[1, 1], [1, 7], [3, 5], [2, 3, 1, 17], [4, 33], [5, 2]]

    /// Numbers at least 0.01 away from 0, where the ReLU has no derivative.
    private func draw(_ shape: Shape, spread: Float = 2) -> Tensor {
        var random = Philox(seed: 31)
        return Tensor(normal: shape, deviation: spread, using: &random).map { $0 + ($0 < 0 ? -0.01 : 0.01) }
    }

    @Test("ReLU, sigmoid and hyperbolic tangent", arguments: shapes)
    func elementwise(shape: Shape) {
        let x = draw(shape)
        #expect(gradientComplaints([x], operation: { $0[0].relu() }, oracle: { $0[0].map { max($0, 0) } }) == [])
        #expect(
            gradientComplaints([x], operation: { $0[0].sigmoid() }, oracle: { $0[0].map { 1 / (1 + exp(-$0)) } }) == [])
        #expect(
            gradientComplaints([x], operation: { $0[0].tanh() }, oracle: { $0[0].map { Foundation.tanh($0) } }) == [])
    }

    @Test("Softmax and its logarithm over the last axis", arguments: shapes)
    func softmax(shape: Shape) {
        let x = draw(shape)
        func logarithms(_ row: [Double]) -> [Double] {
            let sum = log(row.reduce(0) { $0 + exp($1) })
            return row.map { $0 - sum }
        }
        #expect(
            gradientComplaints(
                [x], operation: { $0[0].softmax() }, oracle: { $0[0].mapRows { logarithms($0).map { exp($0) } } }) == []
        )
        #expect(
            gradientComplaints([x], operation: { $0[0].logSoftmax() }, oracle: { $0[0].mapRows(logarithms) }) == [])
    }

    @Test("At their ends: no overflow, no NaN, and no gradient where they are flat")
    func saturation() {
        let tape = Tape(mode: .training)
        let slot = tape.bind(Tensor([-1000, 1000]), path: "x", needsGradient: true)
        let x = tape.variable(at: slot)!
        #expect(x.sigmoid().value == Tensor([0, 1]))
        #expect(x.tanh().value == Tensor([-1, 1]))
        #expect(x.softmax().value == Tensor([0, 1]))
        #expect(x.logSoftmax().value == Tensor([-2000, 0]))
        #expect(tape.gradients(of: (x.sigmoid() + x.tanh()).sum())[slot] == Tensor([0, 0]))
    }
}
