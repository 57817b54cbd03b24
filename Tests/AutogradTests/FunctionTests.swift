import Autograd
import Foundation
import TensorCore
import TestSupport
import Testing

// Functions of one number: value and derivative against Foundation's in Double.
@Suite struct FunctionTests {
    static let shapes: [Shape] = [[], [1], [3, 5], [2, 3, 1, 17], [0, 3]]

    /// Numbers of a range, those of magnitude below 0.1 left out: kinks lie at 0.
    private func draw(_ shape: Shape, _ range: ClosedRange<Float>) -> Tensor {
        var random = Philox(seed: 51)
        return Tensor(
            (0..<shape.elementCount).map { _ in
                let x = random.uniform(in: range)
                return abs(x) < 0.1 ? 0.1 : x
            }, shape: shape)
    }

    private func check(
        _ shape: Shape, _ range: ClosedRange<Float>, _ operation: (Variable) -> Variable,
        _ oracle: (Double) -> Double
    ) {
        #expect(
            gradientComplaints(
                [draw(shape, range)], operation: { operation($0[0]) }, oracle: { $0[0].map(oracle) }) == [])
    }

    @Test("Value and derivative of each", arguments: shapes)
    func functions(shape: Shape) {
        check(shape, -3...3, { $0.exp() }) { Foundation.exp($0) }
        check(shape, 0.2...5, { $0.log() }) { Foundation.log($0) }
        check(shape, 0.2...5, { $0.sqrt() }) { $0.squareRoot() }
        check(shape, -3...3, { $0.abs() }) { Swift.abs($0) }
        check(shape, -3...3, { $0.erf() }) { Foundation.erf($0) }
        check(shape, -3...3, { -$0 }) { -$0 }
        for exponent: Float in [-2, -0.5, 0, 0.5, 1, 2.5] {
            check(shape, 0.2...3, { $0.pow(exponent) }) { Foundation.pow($0, Double(exponent)) }
        }
        check(shape, -2...2, { $0.pow(3) }) { $0 * $0 * $0 }
        check(shape, -3...3, { $0.clamped(from: -1, to: 1.5) }) { min(max($0, -1), 1.5) }
        check(shape, -3...3, { $0.clamped(from: 0.05) }) { max($0, 0.05) }
        check(shape, -3...3, { $0.clamped(to: 0.05) }) { min($0, 0.05) }
        check(shape, -3...3, { $0.clamped() }) { $0 }
        check(shape, -3...3, { $0 + 1.5 }) { $0 + 1.5 }
        check(shape, -3...3, { 1.5 + $0 }) { $0 + 1.5 }
        check(shape, -3...3, { $0 - 1.5 }) { $0 - 1.5 }
        check(shape, -3...3, { 1.5 - $0 }) { 1.5 - $0 }
    }

    @Test("Derivatives where central differences say nothing, and what is no number")
    func edges() {
        #expect(AbsOperation().slope(at: 0) == 0)
        #expect(PowOperation(exponent: 0).slope(at: 0) == 0 && PowOperation(exponent: 1).slope(at: 0) == 1)
        #expect(PowOperation(exponent: 2).value(at: -3) == 9 && PowOperation(exponent: 2).slope(at: -3) == -6)
        let clamp = ClampOperation(lower: -1, upper: 1)
        #expect([-2, -1, 0, 1, 2].map { clamp.slope(at: $0) } == [0, 1, 1, 1, 0])
        #expect(clamp.value(at: .nan).isNaN && clamp.value(at: -.infinity) == -1)
        #expect(LogOperation().value(at: 0) == -.infinity && LogOperation().value(at: -1).isNaN)
        #expect(SqrtOperation().value(at: -1).isNaN && SqrtOperation().slope(at: 0) == .infinity)
    }

    @Test("Threads change no bit of a function on a large tensor")
    func threads() {
        let x = draw([3, 40_000], -3...3)
        let one = Parallel.withThreads(1) { ErfOperation().forward([x]) }
        let two = Parallel.withThreads(2) { ErfOperation().forward([x]) }
        #expect(one.isBitIdentical(to: two) && one.isBitIdentical(to: x.map { ErfOperation().value(at: $0) }))
    }

    @Test("Attributes that are no numbers or in no order, and operands too many, are refused")
    func refusals() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let wrong: [any GraphOperation] = [
            PowOperation(exponent: .nan), PowOperation(exponent: .infinity), OffsetOperation(term: .infinity),
            ClampOperation(lower: 1, upper: 0), ClampOperation(lower: .nan, upper: nil),
            ClampOperation(lower: nil, upper: .infinity),
        ]
        for operation in wrong { #expect(throws: OperationError.self) { try operation.shape(of: [[2]]) } }
        let right: [any GraphOperation] = [
            ExpOperation(), LogOperation(), SqrtOperation(), AbsOperation(), ErfOperation(), NegateOperation(),
            PowOperation(exponent: 2), OffsetOperation(term: 1), ClampOperation(lower: 1, upper: 1),
        ]
        for operation in right {
            #expect((try? operation.shape(of: [[2, 3]])) == [2, 3])
            #expect(throws: OperationError.self) { try operation.shape(of: [[2], [2]]) }
            #expect(throws: OperationError.self) { try operation.shape(of: []) }
        }
        let clamp = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2])).clamped(from: 1, to: 0)
        }
        #expect(text(clamp).contains("clamp: bounds 1.0 and 0.0"))
        let offset = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2])) + Float.nan
        }
        #expect(text(offset).contains("offset: a term of nan"))
    }
}
