import Autograd
import Foundation
import TensorCore
import TestSupport
import Testing

// Activations: value and derivative against their formulas in Double.
@Suite struct ActivationFunctionTests {
    static let shapes: [Shape] = [[], [1], [3, 5], [2, 3, 1, 17], [0, 3]]

    /// Numbers in -5 ... 5, a hundredth or more away from multiples of 1/2, where kinks lie.
    private func draw(_ shape: Shape, _ sample: Int = 0) -> Tensor {
        var random = Philox(seed: 71, sample: sample)
        return Tensor(uniform: shape, in: -5...5, using: &random).map { x in
            let kink = (2 * x).rounded() / 2
            return Swift.abs(x - kink) < 0.01 ? kink + 0.02 : x
        }
    }

    private func check(
        _ shape: Shape, _ operation: (Variable) -> Variable, _ oracle: (Double) -> Double
    ) {
        #expect(gradientComplaints([draw(shape)], operation: { operation($0[0]) }, oracle: { $0[0].map(oracle) }) == [])
    }

    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + Foundation.exp(-x)) }

    @Test("Value and derivative of each activation", arguments: shapes)
    func functions(shape: Shape) {
        check(shape, { $0.silu() }) { $0 * Self.sigmoid($0) }
        check(shape, { $0.gelu() }) { $0 / 2 * erfc(-$0 / 2.0.squareRoot()) }
        check(shape, { $0.gelu(.tanh) }) { x in
            let inner = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
            return x / 2 * (1 + Foundation.tanh(inner))
        }
        check(shape, { $0.softplus() }) { Foundation.log(1 + Foundation.exp($0)) }
        check(shape, { $0.hardSwish() }) { $0 * min(max($0 + 3, 0), 6) / 6 }
        check(shape, { $0.hardSigmoid() }) { min(max($0 / 6 + 0.5, 0), 1) }
        check(shape, { $0.hardSigmoid(slope: 0.2, offset: 0.5) }) { min(max(0.2 * $0 + 0.5, 0), 1) }
        check(shape, { $0.leakyReLU(slope: 0.1) }) { $0 > 0 ? $0 : 0.1 * $0 }
        check(shape, { $0.elu() }) { $0 > 0 ? $0 : expm1($0) }
        check(shape, { $0.elu(alpha: 0.7) }) { $0 > 0 ? $0 : 0.7 * expm1($0) }
        // The numbers of the paper, to more digits than float32 holds.
        check(shape, { $0.selu() }) { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0)) }
        check(shape, { $0.sign() }) { $0 > 0 ? 1 : -1 }
        check(shape, { $0.rounded(.down) }) { $0.rounded(.down) }
        check(shape, { $0.rounded(.up) }) { $0.rounded(.up) }
        check(shape, { $0.rounded() }) { $0.rounded(.toNearestOrEven) }
    }

    @Test("Halves are rounded to even, kinks have PyTorch's derivative, and what is no number stays one")
    func edges() {
        #expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5].map { RoundOperation().value(at: $0) } == [-2, -2, 0, 0, 2, 2])
        #expect([-1.5, -1, 1, 1.5].map { RoundOperation(.down).value(at: $0) } == [-2, -1, 1, 1])
        #expect([-1.5, -1, 1, 1.5].map { RoundOperation(.up).value(at: $0) } == [-1, -1, 1, 2])
        #expect([-2, 0, 3].map { SignOperation().value(at: $0) } == [-1, 0, 1])
        #expect([-3, 3].map { HardSwishOperation().slope(at: $0) } == [0, 1])
        #expect([-3, 0, 3].map { HardSigmoidOperation(slope: 0.25).slope(at: $0) } == [0, 0.25, 0])
        #expect([-1, 0, 1].map { LeakyReLUOperation(slope: 0.5).slope(at: $0) } == [0.5, 0.5, 1])
        #expect([-1000, 0, 1000].map { ELUOperation(alpha: 2, scale: 3).value(at: $0) } == [-6, 0, 3000])
        #expect(ELUOperation(alpha: 2, scale: 3).slope(at: 0) == 6)
        let all: [any ElementwiseOperation] = [
            SiLUOperation(), GELUOperation(), GELUOperation(approximation: .tanh), SoftplusOperation(),
            HardSwishOperation(), HardSigmoidOperation(), LeakyReLUOperation(), ELUOperation(), ExpOperation(),
            ErfOperation(), SigmoidOperation(), TanhOperation(), SignOperation(), RoundOperation(),
        ]
        for operation in all {
            #expect(operation.value(at: .nan).isNaN, "\(operation.label)")
            // A number by itself, as in a table, is what it is in a tensor; nothing overflows on the way.
            let x = Tensor([-1e30, -88, -20, -1, -1e-20, 0, 1e-20, 1, 20, 80])
            #expect(operation.forward([x]).isBitIdentical(to: x.map { operation.value(at: $0) }), "\(operation.label)")
            #expect(x.scalars.allSatisfy { operation.slope(at: $0).isFinite }, "\(operation.label)")
        }
    }

    @Test(
        "A parametric ReLU, with a slope for each channel, one for all, and other shapes that are broadcast",
        arguments: [
            ([3, 5], [5]), ([2, 3, 1, 17], [17]), ([2, 3], [1]), ([4], []), ([2, 3, 2], [3, 1]), ([0, 3], [3]),
            ([2, 2], [2, 2]), ([], []),
        ] as [(Shape, Shape)])
    func prelu(shape: Shape, slope: Shape) {
        #expect(
            gradientComplaints(
                [draw(shape), draw(slope, 1)], operation: { $0[0].prelu(slope: $0[1]) },
                oracle: { $0[0].combined($0[1], to: shape) { $0 > 0 ? $0 : $1 * $0 } }) == [])
    }

    @Test("A power with an exponent for each element, broadcast on either side")
    func power() {
        for (left, right, result) in [
            ([3, 5], [5], [3, 5]), ([2, 1, 3], [4, 1], [2, 4, 3]), ([], [3], [3]), ([0, 2], [2], [0, 2]),
        ] as [(Shape, Shape, Shape)] {
            #expect(
                gradientComplaints(
                    [draw(left).map { Swift.abs($0) }, draw(right, 1).map { $0 / 2 }],
                    operation: { $0[0].pow($0[1]) }, oracle: { $0[0].combined($0[1], to: result, Foundation.pow) })
                    == []
            )
        }
        let tape = Tape(mode: .training)
        let base = tape.bind(Tensor([0, -2, 3]), path: "base", needsGradient: true)
        let exponent = tape.bind(Tensor([0, 3, 2]), path: "exponent", needsGradient: true)
        let power = tape.variable(at: base)!.pow(tape.variable(at: exponent)!)
        #expect(power.value == Tensor([1, -8, 9]))
        let gradients = tape.gradients(of: power.sum())
        #expect(gradients[base] == Tensor([0, 12, 6]))
        #expect(gradients[exponent]?.scalars.first == 0)
    }

    @Test("A row is repeated to the batch of another variable; what flows back is summed")
    func broadcast() {
        for (row, other) in [([1, 3], [4, 2]), ([1, 2, 3], [5]), ([1], [2, 2]), ([1, 0], [3]), ([1, 4], [0, 2])]
            as [(Shape, Shape)]
        {
            let result = Shape([other[0]] + row.dropFirst())
            #expect(
                gradientComplaints(
                    [draw(row), draw(other, 1)], operation: { $0[0].expanded(toBatchOf: $0[1]) },
                    oracle: { arrays in DoubleArray(shape: result) { arrays[0].broadcast(at: $0) } }) == [])
        }
    }

    @Test("Attributes that are no numbers and operands that do not fit are refused")
    func refusals() async {
        let wrong: [any GraphOperation] = [
            LeakyReLUOperation(slope: .nan), ELUOperation(alpha: .infinity), ELUOperation(scale: .nan),
            HardSigmoidOperation(slope: .nan), HardSigmoidOperation(offset: -.infinity),
        ]
        for operation in wrong { #expect(throws: OperationError.self) { try operation.shape(of: [[2]]) } }
        for shapes in [[[2, 3]], [[2, 3], [2]], [[3], [2, 3]], [[2, 3], [3], [3]], []] as [[Shape]] {
            #expect(throws: OperationError.self) { try PReLUOperation().shape(of: shapes) }
        }
        #expect((try? PReLUOperation().shape(of: [[2, 3], [3]])) == [2, 3])
        for shapes in [[[1, 3]], [[2, 3], [4]], [[1, 3], []], [[], [4]], [[1, 1 << 40], [1 << 40]], []] as [[Shape]] {
            #expect(throws: OperationError.self) { try BroadcastOperation().shape(of: shapes) }
        }
        #expect((try? BroadcastOperation().shape(of: [[1, 3, 2], [4, 7]])) == [4, 3, 2])
        #expect(throws: OperationError.self) { try PowerOperation().shape(of: [[2, 3], [2]]) }
        #expect(throws: OperationError.self) { try SiLUOperation().shape(of: [[2], [2]]) }
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let slope = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = tape.constant(.ones([2, 3])).prelu(slope: tape.constant(.ones([2])))
        }
        #expect(text(slope).contains("prelu: a slope of [2] for [2, 3]"))
        let batch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = tape.constant(.ones([2, 3])).expanded(toBatchOf: tape.constant(.ones([4])))
        }
        #expect(text(batch).contains("broadcast: inputs of [2, 3]"))
    }
}
