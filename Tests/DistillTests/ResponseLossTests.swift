import Autograd
import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Distill

@Suite struct ResponseLossTests {
    private let student = Tensor([1, -2, 0.5, 3, 0, 0, 0.25, -1, 2, 4, -4, 1], shape: [4, 3])
    private let teacher = Tensor([2, 0, -1, 3, 0, 0, 5, -3, 0.5, -4, 4, 1], shape: [4, 3])

    private static func softmax(_ row: [Double], _ temperature: Double) -> [Double] {
        let powers = row.map { exp($0 / temperature) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// T² · mean over rows of Σ q log(q / p), in Double from the definition.
    private static func oracle(_ student: DoubleArray, _ teacher: DoubleArray, _ temperature: Double) -> DoubleArray {
        let rows = zip(student.rows, teacher.rows).map { student, teacher in
            zip(softmax(student, temperature), softmax(teacher, temperature)).reduce(0) { $0 + $1.1 * log($1.1 / $1.0) }
        }
        return DoubleArray([temperature * temperature * rows.reduce(0, +) / Double(rows.count)], shape: [])
    }

    @Test("Value and gradient against the definition in Double and its central differences", arguments: [1, 3, 10])
    func formula(temperature: Float) {
        let target = DoubleArray(teacher)
        let complaints = gradientComplaints([student]) {
            ResponseLoss.hinton(student: $0[0], teacher: teacher, temperature: temperature)
        } oracle: {
            Self.oracle($0[0], target, Double(temperature))
        }
        #expect(complaints == [])
    }

    @Test("Weights: the mean of the rows by their weights, whose gradients follow; 0 takes a row out")
    func weights() {
        func loss(_ weights: [Float]?) -> Float {
            let tape = Tape(mode: .evaluation)
            return ResponseLoss.hinton(
                student: tape.constant(student), teacher: teacher, temperature: 2, weights: weights
            ).value.scalar
        }
        let rows = hintonDivergence(student: student, teacher: teacher, temperature: 2).losses.scalars
        #expect(loss([1, 1, 1, 1]) == loss(nil))
        #expect(abs(loss([0, 0, 1, 0]) - rows[2]) < 1e-5)
        #expect(abs(loss([1, 0, 0, 3]) - (rows[0] + 3 * rows[3]) / 4) < 1e-5)
    }

    // q = [3/4, 1/4] from logits [T ln 3, 0], p = [1/2, 1/2]: KL = 3/4 ln 3/2 + 1/4 ln 1/2. The second row adds nothing
    // but counts in the mean; a mean over all four elements would be half of this.
    @Test("By hand: summed over classes, averaged over the batch (not over all elements), times T²", arguments: [1, 2])
    func reduction(temperature: Float) {
        let tape = Tape(mode: .training)
        let loss = ResponseLoss.hinton(
            student: tape.constant(.zeros([2, 2])), teacher: Tensor([temperature * log(3), 0, 7, 7], shape: [2, 2]),
            temperature: temperature)
        let divergence = 0.75 * log(1.5) + 0.25 * log(0.5)
        #expect(abs(Double(loss.value.scalar) - Double(temperature * temperature) * divergence / 2) < 1e-6)
    }

    @Test("A student equal to its teacher has loss and gradient exactly zero, whatever the temperature")
    func equal() {
        for temperature: Float in [0.3, 1, 3, 10] {
            let (losses, gradient) = hintonDivergence(student: teacher, teacher: teacher, temperature: temperature)
            #expect(losses.scalars.allSatisfy { $0 == 0 } && gradient.scalars.allSatisfy { $0 == 0 })
        }
    }

    // A logit of 10⁴ overflows exp by far; the teacher is sure of one class, the student as sure of another: T² · 2·10⁴ / T.
    @Test("Logits of ±10⁴ give finite losses and gradients of the right size", arguments: [1, 3, 10])
    func extremes(temperature: Float) {
        let sure = Tensor([1e4, -1e4, 0, -1e4, 1e4, 0], shape: [2, 3])
        let other = Tensor([-1e4, 1e4, 0, -1e4, 1e4, 0], shape: [2, 3])
        let (losses, gradient) = hintonDivergence(student: other, teacher: sure, temperature: temperature)
        #expect(abs(losses.scalars[0] / (2e4 * temperature) - 1) < 1e-5 && losses.scalars[1] == 0)
        #expect(gradient.scalars == [-temperature, temperature, 0, 0, 0, 0])
    }

    @Test("λ · cross-entropy over labelled rows + (1 − λ) · response over all: value and gradient against Double")
    func combined() {
        let distiller = Distiller(teacher: ClosureModule { $0 })
        let inputs = Tensor.zeros([4, 1, 1, 1])
        let mixed = Tensor([0.2, 0.8, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], shape: [4, 3])
        let target = DoubleArray(teacher)
        // Rows 0 and 2 are labelled: with classes 1 and 2, or with 0 and 1 mixed in row 0.
        for targets in [nil, mixed] {
            let batch = Batch(inputs: inputs, sampleIDs: [0, 1, 2, 3], labels: [1, nil, 2, nil], targets: targets)
            let wanted = DoubleArray(targets ?? Tensor([0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], shape: [4, 3])).rows
            for weight in [0, 0.3, 1.0] {
                let complaints = gradientComplaints([student]) {
                    distiller.combined($0[0], teacher, batch, 3, Float(weight))
                } oracle: { inputs in
                    let hard = zip(inputs[0].rows, wanted).reduce(0.0) { sum, pair in
                        let p = Self.softmax(pair.0, 1)
                        return sum - zip(pair.1, p).reduce(0) { $0 + ($1.0 == 0 ? 0 : $1.0 * log($1.1)) }
                    }
                    let soft = Self.oracle(inputs[0], target, 3).values[0]
                    return DoubleArray([weight * hard / 2 + (1 - weight) * soft], shape: [])
                }
                #expect(complaints == [])
            }
        }
    }

    @Test("Logits of different shapes and impossible temperatures stop the program")
    func refusals() async {
        await #expect(processExitsWith: .failure) {
            _ = hintonDivergence(student: .zeros([1, 3]), teacher: .zeros([1, 4]), temperature: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = hintonDivergence(student: .zeros([1, 3]), teacher: .zeros([1, 3]), temperature: 0)
        }
    }
}
