import Autograd
import TensorCore
import TestSupport
import Testing

// Arithmetic of two operands whose shapes differ: values, and gradients that are summed back to each operand's shape.
@Suite struct BroadcastingTests {
    /// Left, right, result: rank 0, extents of 1 on either side and on both, missing axes, odd extents, no elements.
    static let shapes: [(Shape, Shape, Shape)] = [
        ([], [], []), ([], [3], [3]), ([2, 1, 3], [], [2, 1, 3]), ([1], [1, 1], [1, 1]),
        ([3, 5], [5], [3, 5]), ([3, 5], [3, 1], [3, 5]), ([3, 1], [1, 5], [3, 5]), ([5], [2, 3, 1], [2, 3, 5]),
        ([2, 3, 3, 7], [2, 1, 1, 7], [2, 3, 3, 7]), ([2, 3, 3, 1], [2, 3, 3, 7], [2, 3, 3, 7]),
        ([2, 1, 3, 1], [5, 1, 7], [2, 5, 3, 7]), ([0, 3], [3], [0, 3]), ([3, 1], [0], [3, 0]),
        ([2, 3], [2, 3], [2, 3]),
    ]

    /// Numbers away from 0, and no two of different operands near each other: at a kink there is no central difference.
    private func draw(_ shape: Shape, _ sample: Int) -> Tensor {
        var random = Philox(seed: 31, sample: sample)
        return Tensor(
            (0..<shape.elementCount).map { _ in
                (Float(random.index(below: 8)) + 1 + 0.25 * Float(sample))
                    * (random.index(below: 2) == 0 ? 0.25 : -0.25)
            }, shape: shape)
    }

    private func check(
        _ left: Shape, _ right: Shape, _ result: Shape, _ operation: (Variable, Variable) -> Variable,
        _ oracle: (Double, Double) -> Double
    ) {
        let inputs = [draw(left, 1), draw(right, 2)]
        #expect(
            gradientComplaints(
                inputs, operation: { operation($0[0], $0[1]) }, oracle: { $0[0].combined($0[1], to: result, oracle) })
                == [])
    }

    @Test("Sum, difference, product, quotient, maximum and minimum, broadcast on either side", arguments: shapes)
    func arithmetic(left: Shape, right: Shape, result: Shape) {
        for (a, b) in [(left, right), (right, left)] {
            check(a, b, result, +, +)
            check(a, b, result, -, -)
            check(a, b, result, *, *)
            check(a, b, result, /, /)
            check(a, b, result, Variable.maximum) { max($0, $1) }
            check(a, b, result, Variable.minimum) { min($0, $1) }
        }
    }

    @Test(
        "A choice by a mask: the chosen operand alone gets the gradient, summed back to its shape",
        arguments: [
            ([], [], [], []), ([3, 1], [3, 5], [5], [3, 5]), ([2, 3, 1], [], [2, 3, 7], [2, 3, 7]),
            ([7], [2, 1], [1, 7], [2, 7]), ([1], [0], [], [0]),
        ] as [(Shape, Shape, Shape, Shape)])
    func select(mask: Shape, whenTrue: Shape, whenFalse: Shape, result: Shape) {
        var random = Philox(seed: 32)
        let choice = Tensor((0..<mask.elementCount).map { _ in Float(random.index(below: 3)) - 1 }, shape: mask)
        let chosen = DoubleArray(choice)
        #expect(
            gradientComplaints(
                [draw(whenTrue, 1), draw(whenFalse, 2)],
                operation: { .select($0[0].tape.constant(choice), $0[0], $0[1]) },
                oracle: { arrays in
                    DoubleArray(shape: result) { arrays[chosen.broadcast(at: $0) != 0 ? 0 : 1].broadcast(at: $0) }
                }) == [])
    }

    @Test("Equal elements share what flows back; NaN is greatest and smallest; a constant operand costs no gradient")
    func ties() {
        let tape = Tape(mode: .training)
        let left = tape.bind(Tensor([1, 2, 3]), path: "left", needsGradient: true)
        let right = tape.bind(Tensor([1, 5, 2]), path: "right", needsGradient: true)
        let both = Variable.maximum(tape.variable(at: left)!, tape.variable(at: right)!)
        let gradients = tape.gradients(of: both.sum())
        #expect(gradients[left] == Tensor([0.5, 0, 1]) && gradients[right] == Tensor([0.5, 1, 0]))
        for pair in [(Float.nan, Float(1)), (1, .nan), (.nan, .nan)] {
            #expect(Tensor.maximum(Tensor(pair.0), Tensor(pair.1)).scalar.isNaN)
            #expect(Tensor.minimum(Tensor(pair.0), Tensor(pair.1)).scalar.isNaN)
        }
        // x / 0 of a constant: its gradient, infinite, is asked for by nobody.
        let second = Tape(mode: .training)
        let slot = second.bind(Tensor([3]), path: "x", needsGradient: true)
        let quotient = second.constant(Tensor([0])) / second.variable(at: slot)!
        #expect(second.gradients(of: quotient.sum())[slot] == Tensor([0]))
    }

    @Test("A difference is one node of a trace, and equal shapes give the bits of the tensors' arithmetic")
    func nodes() {
        let tape = Tape(mode: .training, tracing: true)
        let x = tape.input(draw([3, 17], 1))
        let y = tape.constant(draw([3, 17], 2))
        let results = [x + y, x - y, x * y, x / y]
        let expected = [x.value + y.value, x.value - y.value, x.value * y.value, x.value / y.value]
        for (found, wanted) in zip(results, expected) { #expect(found.value.isBitIdentical(to: wanted)) }
        let names = tape.traced(results[3])?.trace.entries.compactMap { entry in
            if case .operation(let operation, _, _) = entry { operation.description } else { nil }
        }
        #expect(names == ["add", "subtract", "multiply", "divide"])
    }

    @Test("Shapes that do not broadcast are refused with both, in a call and in shape(of:)")
    func refusals() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let quotient = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = tape.constant(.ones([2, 3])) / tape.constant(.ones([2]))
        }
        #expect(text(quotient).contains("divide: inputs of [2, 3] and [2] found"))
        let select = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = Variable.select(tape.constant(.ones([2])), tape.constant(.ones([3])), tape.constant(Tensor(1)))
        }
        #expect(text(select).contains("select: inputs of [2] and [3] and [] found"))
        let binary: [any GraphOperation] = [
            AddOperation(), SubtractOperation(), MultiplyOperation(), DivideOperation(), MaximumOperation(),
            MinimumOperation(),
        ]
        for operation in binary {
            #expect(throws: OperationError.self) { try operation.shape(of: [[2, 3], [2]]) }
            #expect(throws: OperationError.self) { try operation.shape(of: [[2, 3]]) }
            #expect(throws: OperationError.self) { try operation.shape(of: []) }
            // Each is countable, their common shape is not.
            #expect(throws: OperationError.self) { try operation.shape(of: [[1 << 40, 1], [1 << 40]]) }
            #expect((try? operation.shape(of: [[2, 1, 3], [5, 1]])) == [2, 5, 3])
        }
        #expect(throws: OperationError.self) { try SelectOperation().shape(of: [[2], [2]]) }
        #expect(throws: OperationError.self) { try SelectOperation().shape(of: [[2], [2], [3]]) }
        #expect((try? SelectOperation().shape(of: [[2, 1], [3], []])) == [2, 3])
    }
}
